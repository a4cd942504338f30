// Exchanges the code of a link, or the token, for a session. Neither is kept, nor part of a URL that is sent.

const SESSION = "/.greenroom/v1/session";
const SIGN_IN = "/.greenroom/sign-in";

const answer = document.getElementById("answer");

/** The page that was asked for, or the first one. Asked for by this page, it gets the cookie. */
function goOn() {
  const here = location.pathname === SIGN_IN ? "/.greenroom/" : location.pathname + location.search;
  location.replace(here);
}

async function exchange(what) {
  const response = await fetch(SESSION, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(what),
  });
  if (response.ok) return null;
  if (response.status === 401) return what.code ? "used" : "wrong";
  const body = await response.json().catch(() => ({}));
  return body.error?.message ?? `The backend answered ${response.status}`;
}

const SAID = {
  used: "This link has been used, or is older than ten minutes. Print a new one.",
  wrong: "This is not the ops token.",
};

async function signIn(what) {
  try {
    const refused = await exchange(what);
    if (refused === null) goOn();
    else answer.textContent = SAID[refused] ?? `${refused}.`;
  } catch {
    answer.textContent = "The backend does not answer. Try again.";
  }
}

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = document.getElementById("token");
  const token = input.value.trim();
  input.value = "";
  if (token !== "") signIn({ token });
});

const code = location.hash.slice(1);
if (code !== "") {
  // Out of the address bar and the history, before anything else.
  history.replaceState(null, "", location.pathname + location.search);
  signIn({ code });
} else {
  // A link from another site brings no cookie, though there may be a session.
  const known = await fetch(SESSION).catch(() => null);
  if (known?.ok) goOn();
}
