// A real OpenID Connect provider for the tests: oidc-provider, with people from a file that a
// test may change. Whoever comes is whom the parameter `login_hint` names, as if they had typed
// it there, or the first of them; "nobody" goes back without signing in.
//
// node provider.mjs FOLDER: settings.json, people.json, cert.pem and key.pem stand in it.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = process.argv[2];
const read = (name) => readFileSync(join(folder, name), 'utf8');
const { port, redirect, modules, secret } = JSON.parse(read('settings.json'));
const { Provider } = await import(pathToFileURL(join(modules, 'oidc-provider/lib/index.js')).href);

const client = {
  client_id: 'estampe',
  redirect_uris: [redirect],
  grant_types: ['authorization_code'],
  response_types: ['code'],
};
const provider = new Provider(`https://localhost:${port}`, {
  clients: [
    secret
      ? { ...client, client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' }
      : { ...client, token_endpoint_auth_method: 'none' },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  scopes: ['openid', 'email', 'profile', 'groups'],
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  cookies: { keys: ['only for tests'] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  async findAccount(_, id) {
    const person = JSON.parse(read('people.json'))[id];
    return person && { accountId: id, claims: async () => ({ sub: id, ...person }) };
  },
  // nobody is asked for their consent
  async loadExistingGrant(ctx) {
    const { client: { clientId }, session: { accountId } } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ clientId, accountId });
    grant.addOIDCScope('openid email profile groups');
    await grant.save();
    return grant;
  },
});

const callback = provider.callback();
const server = createServer({ cert: read('cert.pem'), key: read('key.pem') }, async (request, response) => {
  if (!request.url.startsWith('/interaction/')) return callback(request, response);
  try {
    const { params } = await provider.interactionDetails(request, response);
    const who = params.login_hint ?? Object.keys(JSON.parse(read('people.json')))[0];
    const result = who === 'nobody' ? { error: 'access_denied' } : { login: { accountId: who } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
});
server.listen(port, '127.0.0.1', () => console.log('ready'));
