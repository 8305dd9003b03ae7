// Passkeys: asks the browser for one, or to make one, and hands its answer to the server.
// The pages work without; what needs this script stays hidden until it runs.

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

class Refused extends Error {}

async function call(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (answer.goTo && !response.ok) location.assign(answer.goTo);
  if (!response.ok) throw new Refused(answer.error);
  return answer;
}

// WebAuthn §5.1.3 and §5.1.4 want bytes where JSON has base64url.
const described = (list) => (list ?? []).map((item) => ({ ...item, id: bytes(item.id) }));

async function signIn(button) {
  const publicKey = await call("/signin/passkey/begin", {});
  const credential = await navigator.credentials.get({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      allowCredentials: described(publicKey.allowCredentials),
    },
  });
  const { goTo } = await call("/signin/passkey/finish", {
    continue: button.dataset.continue,
    credential: {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      clientExtensionResults: {},
      response: {
        clientDataJSON: text(credential.response.clientDataJSON),
        authenticatorData: text(credential.response.authenticatorData),
        signature: text(credential.response.signature),
        userHandle: credential.response.userHandle ? text(credential.response.userHandle) : null,
      },
    },
  });
  location.assign(goTo);
}

async function add() {
  const publicKey = await call("/account/passkeys/begin", {});
  const credential = await navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: bytes(publicKey.challenge),
      user: { ...publicKey.user, id: bytes(publicKey.user.id) },
      excludeCredentials: described(publicKey.excludeCredentials),
    },
  });
  const { goTo } = await call("/account/passkeys/finish", {
    name: document.querySelector("#passkey-name").value,
    credential: {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      clientExtensionResults: {},
      response: {
        clientDataJSON: text(credential.response.clientDataJSON),
        attestationObject: text(credential.response.attestationObject),
      },
    },
  });
  location.assign(goTo);
}

function explain(error) {
  if (error instanceof Refused) return error.message;
  if (error.name === "NotAllowedError") return "Nothing was done: the browser was told to stop, or it took too long.";
  if (error.name === "InvalidStateError") return "This device has a passkey for your account already.";
  if (error.name === "SecurityError") return "Passkeys do not work at this address: open this site by its proper name, over HTTPS.";
  return "That did not work. Please try again.";
}

function offer(button, work) {
  const problem = document.querySelector("#passkey-problem");
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.hidden = true;
    try {
      await work(button);
    } catch (error) {
      problem.textContent = explain(error);
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}

if (window.PublicKeyCredential) {
  const signInButton = document.querySelector("#passkey-sign-in");
  const addButton = document.querySelector("#passkey-add");
  if (signInButton) offer(signInButton, signIn);
  if (addButton) offer(addButton, add);
  for (const part of document.querySelectorAll("#passkey")) part.hidden = false;
}
