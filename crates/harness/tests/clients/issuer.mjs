// OpenID Connect's certified server, as Google stands before us: whoever types a name on its page is
// that person, with an address of theirs. Prints where it answers, as one line of JSON.
//
//   node issuer.mjs CLIENT_ID CLIENT_SECRET REDIRECT_URI
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [client_id, client_secret, redirect_uri] = process.argv.slice(2);
const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri], grant_types: ["authorization_code"] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  // Google puts what it says of somebody into the id token, and so do we read it there.
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id, email: `${id}@example.com`, email_verified: !id.startsWith("unverified") }),
  }),
});
server.on("request", provider.callback());
console.log(JSON.stringify({ issuer }));
