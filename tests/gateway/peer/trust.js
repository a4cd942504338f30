'use strict';
// An Express application for each form of `trust proxy` in TRUST (a JSON list; null for none), which tells what it makes of a
// request; its port is a line `TRUST <port>`, in the order of the list.
const express = require('express');
const { once } = require('node:events');

exports.told = ({ ip, protocol, hostname, secure, socket }) => (
  { ip, protocol, hostname, secure, remoteAddress: socket.remoteAddress }
);

exports.listen = async forms => {
  for (const form of forms) {
    const app = express();
    if (form !== null) app.set('trust proxy', form);
    app.use((request, response) => { response.json(exports.told(request)); });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    console.log(`TRUST ${server.address().port}`);
  }
};
