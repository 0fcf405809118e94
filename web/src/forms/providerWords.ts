/** How login providers write themselves. */
const NAMES: Partial<Record<string, string>> = { google: "Google", github: "GitHub" };

export function providerName(provider: string) {
  return NAMES[provider] ?? provider;
}
