'use strict';
// Does in a browser what it reads from stdin, a JSON object a line, and tells what is seen there on stdout.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { createInterface } = require('node:readline');

const [, , installed, ...args] = process.argv;
const { chromium } = require(require.resolve('playwright-core', { paths: [installed] }));

const tell = line => process.stdout.write(`${JSON.stringify(line)}\n`);

/** What there is to be seen of a page besides its content. */
async function watch(page) {
  page.on('console', message =>
    tell({ saw: 'console', level: message.type(), text: message.text(), url: message.location().url }),
  );
  page.on('pageerror', error => tell({ saw: 'exception', text: error.message }));
  page.on('response', response =>
    tell({ saw: 'response', method: response.request().method(), url: response.url(), status: response.status() }),
  );
  page.on('requestfailed', request =>
    tell({ saw: 'failure', method: request.method(), url: request.url(), text: request.failure()?.errorText ?? '' }),
  );
  page.on('websocket', socket => {
    tell({ saw: 'socket', url: socket.url() });
    socket.on('framereceived', ({ payload }) => tell({ saw: 'message', text: String(payload) }));
  });
  await page.exposeBinding('tellViolation', (_, text) => tell({ saw: 'violation', text }));
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', event =>
      window.tellViolation(`${event.effectiveDirective} forbids ${event.blockedURI}`),
    ),
  );
}

/** What can be done; each gives its answer. */
const deeds = {
  open: (page, { url }) => page.goto(url, { waitUntil: 'load' }).then(response => response.status()),
  click: (page, { role, name }) => page.getByRole(role, { name, exact: true }).first().click(),
  fill: (page, { label, text }) => page.getByLabel(label).first().fill(text),
  see: (page, { text }) => page.getByText(text).first().waitFor(),
  run: (page, { script }) => page.evaluate(script),
  picture: (page, { path }) => page.screenshot({ path }),
  look: (page, { width, height, scheme }) =>
    page.setViewportSize({ width, height }).then(() => page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })),
  // The whole page, small enough to be kept.
  keep: async (page, { path }) => {
    const session = await page.context().newCDPSession(page);
    const { cssContentSize } = await session.send('Page.getLayoutMetrics');
    const clip = { x: 0, y: 0, width: cssContentSize.width, height: cssContentSize.height, scale: 1 };
    const options = { format: 'webp', quality: 40, captureBeyondViewport: true, clip };
    const { data } = await session.send('Page.captureScreenshot', options);
    await session.detach();
    fs.writeFileSync(path, Buffer.from(data, 'base64'));
  },
  press: (page, { key }) => page.keyboard.press(key),
  // What a checker of accessibility finds that is serious. It comes by the debugger, so that the page's policy stays.
  axe: async page => {
    await page.evaluate(fs.readFileSync(require.resolve('axe-core', { paths: [installed] }), 'utf8'));
    const { violations } = await page.evaluate(() => axe.run());
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    return serious.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
  },
  cookies: page => page.context().cookies(),
  // As a user does it: the page hears of it.
  close: page => {
    const closed = new Promise(resolve => page.once('close', resolve));
    return page.close({ runBeforeUnload: true }).then(() => closed);
  },
};

async function main() {
  const executablePath = execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim();
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  await watch(page);
  tell({ ready: browser.version() });
  for await (const line of createInterface({ input: process.stdin })) {
    const { deed, number, ...what } = JSON.parse(line);
    try {
      tell({ number, answer: (await deeds[deed](page, what)) ?? null });
    } catch (error) {
      tell({ number, failed: String(error) });
    }
  }
  await browser.close();
}

main().then(() => process.exit(0), error => {
  console.error(error);
  process.exit(1);
});
