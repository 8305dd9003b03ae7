// The API explorer's page: asks the server which request the form stands for, and sends it. The
// token and the API key live in variables of one run, and are written nowhere.

const form = document.querySelector("#explorer");
const at = (id) => document.getElementById(id);
const MOST_SHOWN = 200_000; // characters of an answer
const SIGNED_OUT = "You are signed out, or have no part in this project any more: open the page again.";

class Refused extends Error {}

// What the server says to a form of this page; a redirect leads to the sign-in page.
async function ask(address, fields) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(fields),
    redirect: "manual",
    cache: "no-store",
  });
  if (!answer.headers.get("content-type")?.startsWith("application/json")) throw new Refused(SIGNED_OUT);
  return answer.json();
}

// The request that the form stands for

function tell(problem, field) {
  const places = [...form.querySelectorAll("[data-problem]")];
  const place = places.find((one) => one.dataset.problem === field) ?? places[0];
  for (const one of places) {
    one.hidden = !(problem && one === place);
    one.textContent = problem && one === place ? problem : "";
  }
  for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  if (problem && field) form.elements[field]?.setAttribute("aria-invalid", "true");
  at("lines").hidden = Boolean(problem);
  at("stale").hidden = !problem;
}

let asked = 0;

// Null when something is wrong with it, or when more was typed meanwhile.
async function describe() {
  const mine = ++asked;
  const described = await ask(form.action, new FormData(form));
  if (mine !== asked) return null;
  tell(described.problem, described.at);
  if (described.problem) return null;
  at("curl").querySelector("code").textContent = described.curl;
  at("python").querySelector("code").textContent = described.python;
  at("missing").hidden = !described.missing.length;
  return described;
}

let waiting = 0;

function describeSoon() {
  at("key-field").hidden = !at("with-key").checked;
  at("key").required = at("with-key").checked;
  clearTimeout(waiting);
  waiting = setTimeout(() => describe().catch((error) => tell(explained(error), "")), 150);
}

// Running it

async function credentials() {
  const headers = {};
  if (form.elements.credential.value === "token") {
    const given = await ask(form.dataset.token, {});
    if (!given.token) {
      at("new-token").hidden = false;
      throw new Refused(given.problem);
    }
    headers.Authorization = `Bearer ${given.token}`;
  }
  if (at("with-key").checked) {
    const key = at("key").value.trim();
    if (!/^[!-~]+$/.test(key)) throw new Refused("That is no API key: it has letters, digits and signs alone.");
    headers["X-Goog-Api-Key"] = key;
  }
  return headers;
}

function confirmed(request) {
  const dialog = at("asked");
  if (!dialog) return true;
  at("asked-call").textContent = `${request.verb} ${request.path}`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

for (const button of document.querySelectorAll("#asked button")) {
  button.addEventListener("click", () => at("asked").close(button.value));
}

function empty() {
  at("answer").hidden = false;
  for (const id of ["more-scopes", "new-token", "answer-body", "answer-cut", "answer-headers"]) at(id).hidden = true;
}

function readable(text) {
  if (text.includes("\n")) return text; // as the server has set it
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function isReason(text, reason) {
  try {
    return JSON.parse(text).error.errors.some((one) => one.reason === reason);
  } catch {
    return false;
  }
}

function show(answer, text, milliseconds) {
  at("status").textContent = `${answer.status} ${answer.statusText}, after ${Math.round(milliseconds)} ms`;
  at("answer").classList.toggle("failed", !answer.ok);
  at("more-scopes").hidden = !(answer.status === 403 && isReason(text, "insufficientPermissions"));
  at("new-token").hidden = answer.status !== 401;
  at("answer-body").hidden = !text;
  at("answer-body").textContent = readable(text.slice(0, MOST_SHOWN));
  at("answer-cut").hidden = text.length <= MOST_SHOWN;
  at("answer-cut").textContent = `These are the first ${MOST_SHOWN.toLocaleString()} of ${text.length.toLocaleString()} characters.`;
  const list = at("answer-headers").querySelector("dl");
  list.replaceChildren();
  for (const [name, value] of answer.headers) {
    for (const [tag, words] of [["dt", name], ["dd", value]]) {
      const element = document.createElement(tag);
      element.textContent = words;
      list.append(element);
    }
  }
  at("answer-headers").hidden = !list.childElementCount;
}

function explained(error) {
  if (error instanceof Refused) return error.message;
  return "The request was not answered: is the server still there?";
}

let isRunning = false;

async function run() {
  if (isRunning || !form.reportValidity()) return;
  isRunning = true;
  clearTimeout(waiting);
  try {
    const request = await describe();
    if (!request) form.querySelector("[aria-invalid]")?.focus();
    if (!request || !(await confirmed(request))) return;
    empty();
    at("status").textContent = "Running …";
    const headers = { ...request.headers, ...(await credentials()) };
    const began = performance.now();
    const answer = await fetch(request.path, {
      method: request.verb,
      headers,
      body: request.body,
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
    const text = await answer.text();
    show(answer, text, performance.now() - began);
  } catch (error) {
    at("answer").hidden = false;
    at("status").textContent = explained(error);
  } finally {
    isRunning = false;
    at("answer").scrollIntoView({ block: "nearest" });
  }
}

form.addEventListener("input", describeSoon);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
at("run").hidden = false;
at("without-scripts").hidden = true;
at("elsewhere").hidden = location.origin === at("elsewhere").dataset.issuer;

// What was typed waits in this tab while its reader is at the consent page; no secret is in it, for
// the API key is no field of the form.

const asking = at("authorize");
const place = `explorer ${asking.dataset.session} ${form.getAttribute("action")}`;

asking.addEventListener("submit", () => {
  sessionStorage.setItem(place, JSON.stringify([...new FormData(form)]));
});

const kept = sessionStorage.getItem(place);
sessionStorage.removeItem(place);
if (kept) {
  at("with-key").checked = false;
  for (const [name, value] of JSON.parse(kept)) {
    const field = form.elements[name];
    if (field?.type === "checkbox") field.checked = true;
    else if (field) field.value = value;
  }
}
describeSoon();
