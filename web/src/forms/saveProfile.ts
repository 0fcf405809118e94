/** The profile is saved whole, whichever form holds the part that changed. */
import type { QueryClient } from "@tanstack/react-query";
import { takeAnswer } from "../api/changes";
import { act, client } from "../api/client";
import { type Profile, profileQuery } from "../api/settings";

export async function saveProfile(queries: QueryClient, profile: Profile, change: Partial<Profile>) {
  const body = { ...profile, ...change };
  const saved = await act(() => client.PUT("/api/users/profile", { body }));
  await takeAnswer(queries, profileQuery().queryKey, saved);
  return saved;
}
