// The console's small conveniences: dates in the reader's time zone, buttons that copy, menus that
// close, charts, and live parts that rest while nobody looks. Every page works without.

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
// A day of a report is one in UTC, whatever day it is here.
const utcDate = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const onAxisUtc = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });
const onAxis = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });

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

async function copy(button) {
  const words = button.textContent;
  try {
    await navigator.clipboard.writeText(button.closest(".copyable").querySelector("code").textContent);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select and copy it yourself";
  }
  setTimeout(() => (button.textContent = words), 2000);
}

// Charts: each is drawn from the table that stands in it, in the colours of the page.

const COLOURS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4", "--chart-5"];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function read(figure) {
  const rows = [...figure.querySelectorAll("tbody tr")].filter((row) => row.querySelector("[data-value]"));
  const names = [...figure.querySelectorAll("thead th")].slice(1).map((cell) => cell.textContent);
  return {
    labels: rows.map((row) => {
      const time = row.querySelector("th time");
      if (!time) return row.querySelector("th").textContent;
      return ("day" in time.dataset ? onAxisUtc : onAxis).format(new Date(time.dateTime));
    }),
    datasets: names.map((label, i) => ({
      label,
      data: rows.map((row) => Number(row.querySelectorAll("td")[i].dataset.value)),
      backgroundColor: colour(COLOURS[i % COLOURS.length]),
      borderColor: colour(COLOURS[i % COLOURS.length]),
      pointRadius: 0,
      borderWidth: figure.dataset.chart === "line" ? 2 : 0,
      maxBarThickness: 32,
    })),
  };
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

function size(bytes) {
  let step = 0;
  while (bytes >= 1024 && step < UNITS.length - 1) [bytes, step] = [bytes / 1024, step + 1];
  return `${bytes.toLocaleString(undefined, { maximumFractionDigits: 1 })} ${UNITS[step]}`;
}

function draw(root) {
  if (!window.Chart) return;
  window.Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  for (const figure of root.querySelectorAll("[data-chart]")) {
    const data = read(figure);
    if (!data.labels.length) continue;
    const canvas = figure.querySelector("canvas");
    window.Chart.getChart(canvas)?.destroy();
    figure.querySelector(".plot").hidden = false;
    const axis = { grid: { color: colour("--line") }, ticks: { color: colour("--soft"), maxRotation: 0, autoSkipPadding: 16 } };
    const sizes = "bytes" in figure.dataset;
    const tooltip = sizes ? { callbacks: { label: (at) => `${at.dataset.label}: ${size(at.parsed.y)}` } } : {};
    const y = sizes ? { ...axis, ticks: { ...axis.ticks, callback: size } } : axis;
    const stacked = figure.dataset.chart === "bar";
    new window.Chart(canvas, {
      type: figure.dataset.chart,
      data,
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        scales: { x: { ...axis, stacked, grid: { display: false } }, y: { ...y, stacked, beginAtZero: true } },
        plugins: { tooltip, legend: { display: data.datasets.length > 1, labels: { color: colour("--ink"), boxWidth: 12 } } },
      },
    });
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
  for (const menu of document.querySelectorAll("details.drop[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  }
});

// What somebody is using stays as it is: a part that has the focus is not replaced.
document.addEventListener("htmx:beforeRequest", (event) => {
  const part = event.target.closest(".live");
  if (part && (document.hidden || part.contains(document.activeElement))) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  for (const canvas of event.target.querySelectorAll("canvas")) window.Chart?.getChart(canvas)?.destroy();
});
document.addEventListener("htmx:afterSwap", (event) => prepare(event.target));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) window.htmx?.trigger(document.body, "looked-at");
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(document));

prepare(document);
