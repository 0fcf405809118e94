/** What a change of how somebody gets in does to where they are in. Keys are nobody's session. */
export const OTHERS_SIGNED_OUT =
  "Every other browser and program is signed out. API keys go on working: those are revoked one by one.";
