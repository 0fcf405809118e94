/** What an API key may do, in the words of whoever hands it out. */
export const SCOPES = ["calls:read", "clients:read", "clients:write", "billing:read", "agent"] as const;
export type Scope = (typeof SCOPES)[number];

interface Words {
  name: string;
  help: string;
}

export const SCOPE_WORDS: Record<Scope, Words> = {
  "calls:read": { name: "Read calls", help: "Calls, their transcripts and figures." },
  "clients:read": { name: "Read businesses", help: "What they say, their hours and numbers." },
  "clients:write": { name: "Change businesses", help: "Everything about them, numbers included." },
  "billing:read": { name: "Read payments", help: "The subscription and its payments." },
  agent: { name: "Answer calls", help: "For the receptionist's own program, and nothing else." },
};

export function scopeWords(scopes: readonly string[]) {
  const known: Partial<Record<string, Words>> = SCOPE_WORDS;
  return scopes.map((scope) => known[scope]?.name ?? scope).join(", ");
}
