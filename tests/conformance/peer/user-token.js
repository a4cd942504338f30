// Says what Node's own handler of user tokens makes of the token in USER_TOKEN, issued by the auth backend at AUTH_URL, and of
// the limited token that it cuts out of it.
'use strict';

const path = require('node:path');

const defaults = path.dirname(require.resolve('@backstage/backend-defaults/package.json'));
const { UserTokenHandler } = require(path.join(defaults, 'dist/entrypoints/auth/user/UserTokenHandler.cjs.js'));

async function main() {
  const refused = [];
  const handler = UserTokenHandler.create({
    discovery: { getBaseUrl: async () => process.env.AUTH_URL },
    logger: { warn: (message, error) => refused.push(`${message}: ${error}`) },
  });
  const token = process.env.USER_TOKEN;
  const user = await handler.verifyToken(token);
  const limited = handler.createLimitedUserToken(token);
  const limitedUser = await handler.verifyToken(limited.token);
  const tampered = await handler
    .verifyToken(`${token.slice(0, -4)}AAAA`)
    .then(() => 'accepted', error => error.message);
  console.log(JSON.stringify({ user, limited, limitedUser, tampered, refused }));
}

main().catch(error => {
  console.error(error);
  process.exit(1);
});
