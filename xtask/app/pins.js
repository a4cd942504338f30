'use strict';
// Run in what create-app made: leaves what is needed to build the front end, so that yarn.lock of this directory fits.
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');

const edit = (file, change) => {
  const content = JSON.parse(readFileSync(file, 'utf8'));
  change(content);
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
};

edit('package.json', root => {
  const needed = ['@backstage/cli', '@backstage/cli-defaults', 'typescript'];
  root.devDependencies = Object.fromEntries(Object.entries(root.devDependencies).filter(([name]) => needed.includes(name)));
  root.workspaces = ['packages/*'];
  // Of newer ones the registry lacks packages for some platforms, or files that they need.
  Object.assign(root.resolutions, { '@swc/core': '1.16.18', rollup: '4.67.4', got: '^11.8.6' });
});
edit('packages/app/package.json', app => {
  app.devDependencies = { '@types/react-dom': '*' };
});
// Nothing that is installed runs.
appendFileSync('.yarnrc.yml', 'enableScripts: false\nenableTelemetry: false\n');
