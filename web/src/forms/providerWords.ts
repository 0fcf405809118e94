/** How login providers write themselves. */
export const PROVIDER_NAMES = { google: "Google", github: "GitHub" } as const;
