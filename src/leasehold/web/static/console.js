// The console's small conveniences: dates in the reader's time zone, buttons that copy, menus that
// close, charts, and live parts that rest while nobody looks. Every page works without.

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
// A day of a report is one in UTC, whatever day it is here.
const utcDate = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const onAxisUtc = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

function shown(time) {
  const then = new Date(time.dateTime);
  if (!("day" in time.dataset)) return moment.format(then);
  return (time.closest("[data-chart]") ? utcDate : date).format(then);
}

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    time.title = `${time.dateTime.replace("T", " ").replace("Z", "")} UTC`;
    time.textContent = shown(time);
  }
}

function offerCopying(root) {
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

// What is said to who cannot see what has changed.
const spoken = document.createElement("p");
spoken.className = "unseen";
spoken.setAttribute("role", "status");
document.querySelector("main").append(spoken);

async function copy(button) {
  const words = (button.dataset.words ??= button.textContent); // it may say "Copied" still
  try {
    await navigator.clipboard.writeText(button.closest(".copyable").querySelector("code").textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy it yourself";
  }
  spoken.textContent = button.textContent;
  setTimeout(() => ([button.textContent, spoken.textContent] = [words, ""]), 2000);
}

// Charts: each is drawn from the table that stands in it, in the colours of the page.

const SERIES = 6; // that have a colour of their own; a seventh is all others
const DASHES = [[], [7, 4], [2, 3]]; // lines are told apart by these, too
const HOUR = 3600;
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const first = (figure) => ("refusals" in figure.dataset ? 1 : 0); // refusals are not in the colour of what was done
const style = (figure, place) => (place < SERIES ? ((place + first(figure)) % SERIES) + 1 : "rest");
const format = (options) => new Intl.DateTimeFormat(undefined, options);
const onAxisDay = format({ day: "numeric", month: "short" });
const onAxisHour = format({ hour: "numeric", minute: "2-digit" });
const hidden = new WeakMap(); // a figure, and the names of the series that its reader switched off

// The periods of a chart that has one place for each, also for those that are not in its table.
function periods(table) {
  const [since, until, seconds] = ["since", "until", "seconds"].map((name) => Number(table.dataset[name]));
  const starts = [];
  for (let start = since; start < until; start += seconds) starts.push(new Date(start * 1000));
  const isLong = until - since > 50 * HOUR;
  if (seconds > HOUR) return { starts, onAxis: onAxisUtc, inFull: utcDate, isRound: () => true };
  if (isLong) return { starts, onAxis: onAxisDay, inFull: moment, isRound: (at) => at.getHours() === 0 };
  if (seconds === HOUR) return { starts, onAxis: onAxisHour, inFull: moment, isRound: (at) => at.getHours() % 3 === 0 };
  const step = until - since > 3 * HOUR ? 60 : 10;
  return { starts, onAxis: onAxisHour, inFull: moment, isRound: (at) => at.getMinutes() % step === 0 };
}

// What a table says: names of its series, and for each place its words, its title and its values.
function read(figure) {
  const table = figure.querySelector("table");
  const rows = [...table.tBodies[0].rows].filter((row) => row.querySelector("[data-value]"));
  const names = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
  const numbers = (row) => [...row.querySelectorAll("td")].map((cell) => Number(cell.dataset.value));
  const without = names.map(() => ("gaps" in figure.dataset ? null : 0));
  if (!("since" in table.dataset)) {
    const words = rows.map((row) => row.cells[0].textContent);
    return { names, words, titles: words, values: rows.map(numbers), isRound: words.map(() => true), isNamed: true };
  }
  const { starts, onAxis, inFull, isRound } = periods(table);
  const found = new Map(rows.map((row) => [Date.parse(row.querySelector("time").dateTime), numbers(row)]));
  const round = starts.map(isRound);
  // Of the period that has just begun a line does not know yet that there is nothing.
  const unknown = names.map(() => null);
  const isRunning = (at) => figure.dataset.chart === "line" && at.getTime() + table.dataset.seconds * 1000 > Date.now();
  return {
    names,
    words: starts.map((at) => onAxis.format(at)),
    titles: starts.map((at) => inFull.format(at)),
    values: starts.map((at) => found.get(at.getTime()) ?? (isRunning(at) ? unknown : without)),
    isRound: round.filter(Boolean).length > 1 ? round : round.map(() => true),
  };
}

function datasets(figure, { names, values }) {
  const isLine = figure.dataset.chart === "line";
  return names.map((label, place) => {
    const data = values.map((row) => (isLine ? row[place] : row[place] || null));
    const own = colour(`--chart-${style(figure, place)}`);
    const isAlone = ({ dataIndex: at }) => (data[at - 1] ?? null) === null && (data[at + 1] ?? null) === null;
    return {
      label,
      data,
      hidden: hidden.get(figure)?.has(label) ?? false,
      backgroundColor: own,
      borderColor: own,
      borderWidth: isLine ? 2 : 0,
      borderDash: isLine ? DASHES[place % DASHES.length] : [],
      pointRadius: (point) => (isLine && isAlone(point) ? 3 : 0),
      pointHitRadius: 8,
      maxBarThickness: 32,
      categoryPercentage: values.length > 100 ? 1 : 0.85,
      barPercentage: 1,
    };
  });
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

function size(bytes) {
  let step = 0;
  while (bytes >= 1024 && step < UNITS.length - 1) [bytes, step] = [bytes / 1024, step + 1];
  return `${bytes.toLocaleString(undefined, { maximumFractionDigits: 1 })} ${UNITS[step]}`;
}

// A round step between lines of so many bytes: five of them or so.
function step(most) {
  const about = most / 5;
  let unit = 1;
  while (unit * 1024 <= about) unit *= 1024;
  const times = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((each) => each * unit >= about);
  return Math.max(1, (times ?? 1024) * unit);
}

const milliseconds = (number) => `${number.toLocaleString(undefined, { maximumFractionDigits: 2 })} ms`;
const plain = (number) => number.toLocaleString();

function unit(figure) {
  if ("bytes" in figure.dataset) return size;
  return "milliseconds" in figure.dataset ? milliseconds : plain;
}

function options(figure, { titles, isRound, isNamed, values }) {
  const shownAs = unit(figure);
  const stacked = figure.dataset.chart === "bar";
  const ticks = { color: colour("--soft"), maxRotation: 0, autoSkipPadding: 16 };
  const stepSize = shownAs === size ? step(Math.max(...values.flat())) : undefined;
  const together = (points) => points.reduce((sum, point) => sum + point.parsed.y, 0);
  return {
    animation: false, // also for who asked the system for less motion
    maintainAspectRatio: false,
    interaction: { mode: "index", intersect: false },
    scales: {
      x: {
        stacked,
        ticks: isNamed ? { ...ticks, autoSkip: false, maxRotation: 60 } : ticks, // no bar goes unnamed
        grid: { display: false },
        border: { color: colour("--line") },
        afterBuildTicks: (axis) => (axis.ticks = axis.ticks.filter((tick) => isRound[tick.value])),
      },
      y: {
        stacked,
        beginAtZero: true,
        ticks: { ...ticks, callback: shownAs, maxTicksLimit: figure.classList.contains("small") ? 3 : 7, precision: shownAs === plain ? 0 : undefined, stepSize },
        grid: { color: colour("--line") },
        border: { display: false },
      },
    },
    plugins: {
      legend: { display: false }, // ours is text of the page
      tooltip: {
        backgroundColor: colour("--ink"),
        titleColor: colour("--card"),
        bodyColor: colour("--card"),
        footerColor: colour("--card"),
        boxPadding: 4,
        padding: 10,
        callbacks: {
          title: ([point]) => (point ? titles[point.dataIndex] : ""),
          label: (point) => `${point.dataset.label}: ${shownAs(point.parsed.y)}`,
          footer: (points) => (stacked && points.length > 1 ? `Together: ${shownAs(together(points))}` : ""),
        },
      },
    },
  };
}

function swatch(figure, place) {
  const mark = document.createElement("span");
  mark.className = figure.dataset.chart === "line" ? "swatch line" : "swatch";
  mark.dataset.series = style(figure, place);
  return mark;
}

// What each colour means; a press leaves a series out.
function legend(figure, { names }) {
  const list = document.createElement("ul");
  list.className = "legend";
  list.hidden = names.length < 2 && figure.querySelector("figcaption").textContent.includes(names[0]);
  for (const [place, name] of names.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.name = name;
    button.setAttribute("aria-pressed", String(!hidden.get(figure)?.has(name)));
    button.append(swatch(figure, place), name);
    button.addEventListener("click", () => toggle(figure, button, place));
    const item = document.createElement("li");
    item.append(button);
    list.append(item);
  }
  const before = figure.querySelector(".legend");
  const isSame = before && before.textContent === list.textContent;
  if (isSame) return;
  const used = before && isUsed(before) ? document.activeElement.dataset.name : null;
  before ? before.replaceWith(list) : figure.querySelector(".plot").before(list);
  [...list.querySelectorAll("button")].find((button) => button.dataset.name === used)?.focus();
}

function toggle(figure, button, place) {
  const names = hidden.get(figure) ?? new Set();
  hidden.set(figure, names);
  const isShown = names.has(button.dataset.name);
  isShown ? names.delete(button.dataset.name) : names.add(button.dataset.name);
  button.setAttribute("aria-pressed", String(isShown));
  const chart = window.Chart.getChart(figure.querySelector("canvas"));
  chart.setDatasetVisibility(place, isShown);
  chart.update("none");
}

function draw(root) {
  if (!window.Chart) return;
  window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  for (const figure of root.querySelectorAll("[data-chart]")) {
    const said = read(figure);
    const canvas = figure.querySelector("canvas");
    window.Chart.getChart(canvas)?.destroy();
    const isEmpty = !said.values.length || !figure.querySelector("[data-value]");
    figure.querySelector(".plot").hidden = isEmpty;
    if (isEmpty) continue;
    legend(figure, said);
    const data = { labels: said.words, datasets: datasets(figure, said) };
    new window.Chart(canvas, { type: figure.dataset.chart, data, options: options(figure, said) });
  }
}

function prepare(root) {
  localise(root);
  offerCopying(root);
  draw(root);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

// With #content in its address a page would not give the focus to a field that is refused.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  const content = document.querySelector("main");
  content.tabIndex = -1;
  content.focus();
});

// A menu lies over the page: it does not stay when the page is used.
for (const use of ["click", "focusin"]) {
  document.addEventListener(use, (event) => {
    for (const menu of document.querySelectorAll("details.drop[open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details:is(.drop, .side-fold)[open]")) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
});

// What somebody is using stays as it is: a part that has the focus is not replaced, also when it got
// the focus while the server was asked. Where that must be, the new part has the focus.
const isUsed = (part) => part.contains(document.activeElement);
let wasUsed = false;
document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.target.closest(".live");
  if (part && (document.hidden || isUsed(part))) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  wasUsed = isUsed(event.target);
  const isLast = event.detail.xhr.status === 286;
  if (wasUsed && !isLast && event.target.matches(".live")) event.detail.shouldSwap = false;
  if (!event.detail.shouldSwap) return;
  for (const canvas of event.target.querySelectorAll("canvas")) window.Chart?.getChart(canvas)?.destroy();
});
document.addEventListener("htmx:afterSwap", (event) => {
  prepare(event.target);
  if (!wasUsed) return;
  event.target.tabIndex = -1;
  event.target.focus();
});
// Parts that came along and took the place of others; a chart is drawn anew from its new table.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  if (event.detail.target.contains(document.activeElement)) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
  localise(event.target.parentElement);
  const figure = event.target.closest("[data-chart]");
  if (!figure) return;
  figure.closest("[hidden]")?.removeAttribute("hidden"); // it had nothing to show before
  draw(figure.parentElement);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) window.htmx?.trigger(document.body, "looked-at");
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(document));

prepare(document);
