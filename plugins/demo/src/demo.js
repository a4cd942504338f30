// Presses in place. Without this script the same forms and links lead to the same page.

/** Takes one article out of the page that an answer is, and puts it where it stands here. */
async function take(article, url, method) {
  const answer = await fetch(url, { method });
  const text = await answer.text();
  const now = new DOMParser().parseFromString(text, 'text/html').getElementById(article.id);
  if (now) {
    article.replaceWith(now);
    now.querySelector('.evidence[role=status]').focus();
    follow(now);
  } else {
    say(article, `${answer.status}: ${text}`);
  }
}

function say(article, text) {
  article.querySelector('.evidence[role=status]').textContent = text;
}

/** Looks again once the time that an article tells is over. */
function follow(root) {
  for (const told of root.querySelectorAll('[data-again]')) {
    const look = () => told.isConnected && take(told.closest('article'), told.dataset.from, 'GET');
    setTimeout(look, Number(told.dataset.again) * 1000 + 200);
  }
}

async function inPlace(event, url, method) {
  const article = event.target.closest('article');
  event.preventDefault();
  article.setAttribute('aria-busy', 'true');
  try {
    await take(article, url, method);
  } catch (error) {
    say(article, `The backend does not answer: ${error.message}`);
  } finally {
    article.removeAttribute('aria-busy');
  }
}

/** Shows where the error will be, if there is an SDK that tells it. */
function tellOfThrow(article) {
  const context = window.DD_RUM?.getInternalContext?.();
  const id = context?.session_id;
  const shown = article.querySelector(id ? '[data-told]' : '[data-untold]');
  if (id) {
    article.querySelector('[data-session-id]').textContent = id;
    const link = article.querySelector('[data-session]');
    if (link) {
      link.href = `/.greenroom/browser/sessions/${encodeURIComponent(id)}`;
    }
  }
  shown.hidden = false;
  shown.focus();
}

function countItems() {
  throw new Error('The demo cannot count its items');
}

document.addEventListener('submit', event => {
  // Fetching the SDK leads to a page that loads it.
  if (!event.target.action.endsWith('/press/sdk#throw')) {
    inPlace(event, event.target.action, 'POST');
  }
});
document.addEventListener('click', event => {
  const link = event.target.closest('a[data-in-place]');
  if (link) {
    inPlace(event, link.href, 'GET');
  }
  const button = event.target.closest('button[data-throw]');
  if (button) {
    tellOfThrow(button.closest('article'));
    countItems();
  }
});
follow(document);
