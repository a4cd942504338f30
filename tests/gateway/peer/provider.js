'use strict';
// An OpenID Connect provider on this machine, at which everybody has signed in already. What it issues is the same in each run, but
// for signatures and times; its refresh tokens are as long as PROVIDER_TOKENS says, one after another.
const { createHash } = require('node:crypto');
const http = require('node:http');
const jose = require('jose');

const CLIENT = 'Basic ' + Buffer.from('portal:a-secret-of-the-portal').toString('base64');
const CLAIMS = { sub: 'ada', name: 'Ada', email: 'ada@example.com', email_verified: true };

exports.listen = async port => {
  const issuer = `http://127.0.0.1:${port}`;
  const lengths = process.env.PROVIDER_TOKENS.split(',').map(Number);
  const { publicKey, privateKey } = await jose.generateKeyPair('RS256');
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'of-this-run', alg: 'RS256', use: 'sig' };
  const codes = new Map();

  const refreshToken = turn => `turn-${turn}.`.padEnd(lengths[turn], 'abcdefghijklmnopqrstuvwxyz');
  const idToken = nonce => new jose.SignJWT({ ...CLAIMS, nonce })
    .setProtectedHeader({ alg: 'RS256', kid: jwk.kid })
    .setIssuer(issuer).setAudience('portal').setIssuedAt().setExpirationTime('1h').sign(privateKey);
  const tokens = async (turn, nonce) => ({
    access_token: `access-${turn}`, token_type: 'Bearer', expires_in: 3600, scope: 'openid profile email',
    id_token: await idToken(nonce), refresh_token: refreshToken(turn),
  });

  const token = async form => {
    if (form.get('grant_type') === 'refresh_token') {
      const turn = lengths.findIndex((_, at) => refreshToken(at) === form.get('refresh_token'));
      return turn < 0 ? undefined : tokens((turn + 1) % lengths.length);
    }
    const asked = codes.get(form.get('code'));
    codes.delete(form.get('code'));
    const verifier = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    const isIt = asked?.get('code_challenge') === verifier && asked.get('redirect_uri') === form.get('redirect_uri');
    return isIt ? tokens(0, asked.get('nonce') ?? undefined) : undefined;
  };

  const answer = async (request, url, form) => {
    switch (url.pathname) {
      case '/.well-known/openid-configuration': return [200, {
        issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`, jwks_uri: `${issuer}/keys`, revocation_endpoint: `${issuer}/revoke`,
        response_types_supported: ['code'], subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'], code_challenge_methods_supported: ['S256'],
      }];
      case '/keys': return [200, { keys: [jwk] }];
      case '/authorize': {
        const code = `code-${url.searchParams.get('nonce')}`;
        codes.set(code, url.searchParams);
        const back = new URL(url.searchParams.get('redirect_uri'));
        back.searchParams.set('code', code);
        back.searchParams.set('state', url.searchParams.get('state'));
        return [302, {}, { Location: back.href }];
      }
      case '/token': {
        const issued = request.headers.authorization === CLIENT && await token(form);
        return issued ? [200, issued] : [400, { error: 'invalid_grant' }];
      }
      case '/userinfo': return request.headers.authorization?.startsWith('Bearer access-') ? [200, CLAIMS] : [401, {}];
      case '/revoke': return [200, {}];
      default: return [404, {}];
    }
  };

  http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const [status, told, headers] = await answer(request, new URL(request.url, issuer), new URLSearchParams(body));
    response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close', ...headers });
    response.end(JSON.stringify(told));
  }).listen(port, '127.0.0.1');
};
