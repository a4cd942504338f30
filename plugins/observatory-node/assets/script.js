'use strict';
// What a page gains by script: keys, a clock that goes, parts that stay up to date, commands that are copied by a click.
(() => {
  const make = (name, text, properties) => Object.assign(document.createElement(name), { textContent: text, ...properties });
  const all = selector => [...document.querySelectorAll(selector)];

  // Keys lead to sections; they can be turned off, because people speak to their machines or use other keys.
  const KEYS = 'greenroom.keys';
  const remember = value => {
    try {
      localStorage.setItem(KEYS, value);
    } catch {
      // Then it is for this page alone.
    }
  };
  const remembered = () => {
    try {
      return localStorage.getItem(KEYS);
    } catch {
      return null;
    }
  };
  let keys = remembered() !== 'off';

  // Whoever leaves a machine that others use ends the session; a page of it is then asked for in vain.
  const SESSION = '/.greenroom/v1/session';
  const signOut = make('button', 'Sign out', { type: 'button' });
  signOut.addEventListener('click', async () => {
    try {
      const { csrfToken } = await (await fetch(SESSION)).json();
      const headers = { 'content-type': 'application/json', 'x-csrf-token': csrfToken ?? '' };
      const answer = await fetch(`${SESSION}/end`, { method: 'POST', headers, body: '{}' });
      // Without a session there is nothing left to end.
      if (answer.ok || answer.status === 401) location.assign('/.greenroom/sign-in');
      else signOut.textContent = `Not done: ${answer.status}`;
    } catch {
      signOut.textContent = 'Not done: no answer';
    }
  });

  const nav = document.querySelector('.nav');
  const toggle = make('button', '', { type: 'button' });
  const showKeys = () => {
    toggle.textContent = keys ? 'Turn keys off' : 'Turn keys on';
    for (const key of all('.nav kbd')) key.hidden = !keys;
  };
  if (nav) {
    const line = make('p', '', { className: 'keys' });
    line.append(toggle, signOut);
    nav.append(line);
    toggle.addEventListener('click', () => {
      keys = !keys;
      remember(keys ? 'on' : 'off');
      showKeys();
    });
    showKeys();
  }
  document.addEventListener('keydown', event => {
    const field = event.target.closest?.('input, select, textarea, [contenteditable]');
    if (!keys || field || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const link = all('.nav [data-key]').find(link => link.dataset.key === event.key.toLowerCase());
    if (link) link.click();
  });

  // Commands are copied by a button; without a clipboard, as on plain HTTP, the text is selected instead.
  const equip = command => {
    const text = command.querySelector('bdi') ?? command;
    const button = make('button', 'Copy', { type: 'button' });
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(text);
        button.textContent = 'Selected';
      }
    });
    command.append(button);
  };
  for (const command of all('[data-copy]')) equip(command);

  // What changes something is asked twice, and sent as the surface of operators wants it.
  for (const button of all('button[data-post]')) {
    const word = button.textContent;
    let asked = null;
    const forget = () => {
      clearTimeout(asked);
      asked = null;
      button.textContent = word;
    };
    button.addEventListener('click', async () => {
      if (!asked) {
        asked = setTimeout(forget, 5000);
        button.textContent = 'For good?';
        return;
      }
      forget();
      button.disabled = true;
      const token = document.querySelector('meta[name="csrf-token"]')?.content ?? '';
      const headers = { 'content-type': 'application/json', 'x-csrf-token': token };
      try {
        const answer = await fetch(button.dataset.post, { method: 'POST', headers, body: '{}' });
        if (answer.ok) location.assign(button.dataset.then);
        else button.textContent = answer.status === 401 ? 'Sign in again' : `Not done: ${answer.status}`;
      } catch {
        button.textContent = 'Not done: no answer';
      }
      button.disabled = false;
    });
  }

  // The clock goes by the server's time, whatever this machine thinks it is. A page that nobody keeps up to date has none: its
  // time is when it was made, and all that it hears is whether the backend is ready.
  const clock = document.querySelector('.bar time');
  const live = document.querySelector('.live');
  if (!clock) return;
  let ahead = Date.parse(clock.dateTime) - performance.now();
  let paused = false;
  if (live) setInterval(() => {
    if (paused) return;
    const now = new Date(performance.now() + ahead).toISOString();
    clock.dateTime = `${now.slice(0, 19)}Z`;
    clock.textContent = now.slice(11, 19);
  }, 1000);

  // One stream of events a page. `parts` replaces what is in place; `news` counts rows that wait behind a link, so that
  // nothing moves while somebody reads it.
  const word = live?.querySelector('.quiet');
  const pause = make('button', 'pause', { type: 'button', className: 'extra' });
  live?.append(' ', pause);
  let stream = null;
  const say = (text, on) => {
    if (!live) return;
    word.textContent = `UTC, ${text}`;
    live.classList.toggle('on', on);
  };

  // What was true when the backend last answered is not said of now: the pill and the sentence turn grey, and tell since when;
  // so does, without a word, all else that would change.
  const pill = document.querySelector('[data-live="readiness"]');
  const sentence = document.querySelector('h1');
  let away = null;
  const noAnswer = what => {
    if (!away) {
      const since = new Date(performance.now() + ahead).toISOString().slice(11, 19);
      const grey = make('span', '', { className: 'pill mute' });
      grey.innerHTML = '<svg class="g mute" aria-hidden="true"><use href="#m-dash"/></svg><span></span>';
      const before = make('span', '');
      pill?.after(grey);
      sentence?.prepend(before);
      away = { since, grey, before };
    }
    away.grey.lastChild.textContent = `${what} since ${away.since}`;
    away.before.textContent = `${what} since ${away.since}. Before that: `;
    if (pill) pill.hidden = true;
    sentence?.classList.add('mute');
    document.body.classList.add('past');
  };
  const answers = () => {
    if (!away) return;
    away.grey.remove();
    away.before.remove();
    away = null;
    if (pill) pill.hidden = false;
    sentence?.classList.remove('mute');
    document.body.classList.remove('past');
  };
  const shown = new Map();
  const replace = parts => {
    for (const part of all('[data-live]')) {
      const html = parts[part.dataset.live];
      // What is as it was stays: somebody may have selected it, or opened what is in it.
      if (html === undefined || shown.get(part) === html || part.innerHTML === html) continue;
      part.innerHTML = html;
      shown.set(part, html);
      for (const command of part.querySelectorAll('[data-copy]')) equip(command);
    }
  };
  const announce = news => {
    for (const place of all('[data-news]')) {
      const count = news[place.dataset.news];
      if (!count) continue;
      const link = make('a', `${count} new`, { href: location.pathname + location.search, className: 'news' });
      place.replaceChildren(link);
    }
  };
  const listen = () => {
    stream = new EventSource(document.body.dataset.events);
    stream.addEventListener('open', () => {
      answers();
      say('live', true);
    });
    stream.addEventListener('error', () => {
      // A browser tries again by itself, unless it was refused.
      const isRefused = stream?.readyState === EventSource.CLOSED;
      noAnswer(isRefused ? 'Not live' : 'No answer');
      say(isRefused ? 'not live, reload to sign in' : 'no answer, trying again', false);
    });
    stream.addEventListener('time', event => {
      ahead = Number(event.data) - performance.now();
    });
    stream.addEventListener('parts', event => replace(JSON.parse(event.data)));
    stream.addEventListener('news', event => announce(JSON.parse(event.data)));
  };
  const stop = () => {
    stream?.close();
    stream = null;
  };
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.textContent = paused ? 'go on' : 'pause';
    if (paused) {
      stop();
      say('paused', false);
    } else {
      listen();
    }
  });
  // A page that nobody sees costs nothing; one that comes back out of the browser's memory is up to date again.
  document.addEventListener('visibilitychange', () => {
    if (paused) return;
    if (document.hidden) stop();
    else if (!stream) listen();
  });
  addEventListener('pagehide', stop);
  addEventListener('pageshow', event => {
    if (event.persisted && !paused && !stream) listen();
  });
  listen();
})();
