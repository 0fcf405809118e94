/** What the end of an account leaves: the api takes no call and no payment away. Said the same wherever it is asked. */
export const STAYS = "The record of past calls and of what was paid stays until whoever runs this service erases it.";
