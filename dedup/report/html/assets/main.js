// Addresses within the page (#/...), so that every view can be linked and the back button works.

const MAIN = document.getElementById("main");
const THEME = document.getElementById("theme");
let listState = {};
const scrolled = new Map(); // hash of a list -> how far it was scrolled
let turn = 0;

/** What the address asks for: a function that makes the view, and its title. */
function asked(hash) {
  const [path, query] = hash.replace(/^#/, "").split("?");
  const parts = path.split("/").filter(Boolean);
  if (parts[0] === "cluster") {
    const cluster = report.byId.get(parts[1]);
    if (!cluster) return { title: "Not here", view: () => make("p", null, "This report has no such cluster.") };
    const [left, right] = [Number(parts[3]), Number(parts[4])];
    const isMember = (place) => Number.isInteger(place) && place >= 0 && place < cluster.end - cluster.begin;
    if (parts[2] === "compare" && isMember(left) && isMember(right)) {
      return { title: `Compare: ${titleOf(cluster.begin)}`, view: () => compareView(cluster, left, right) };
    }
    return { title: titleOf(cluster.begin), view: () => clusterView(cluster) };
  }
  const views = { matrix: ["Who carries whose copy", matrixView], outlets: ["Outlets", outletsView],
    agencies: ["Agencies", agenciesView], composites: ["Composites", compositesView] };
  if (Object.hasOwn(views, parts[0] ?? "")) return { title: views[parts[0]][0], view: views[parts[0]][1] };
  listState = Object.fromEntries(new URLSearchParams(query || ""));
  return { title: "Clusters", view: () => listView(listState), list: true };
}

async function show(first) {
  const mine = turn += 1;
  const hash = location.hash || "#/";
  const { title, view, list } = asked(hash);
  const made = await view();
  if (mine !== turn) return; // the reader has gone on
  MAIN.replaceChildren(made);
  document.title = `${title} · dedup`;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.getAttribute("href") === hash.split("?")[0]) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (first) return;
  window.scrollTo(0, list ? scrolled.get(hash) || 0 : 0);
  const back = list && openedLast ? MAIN.querySelector(`a[data-cluster="${openedLast}"]`) : null;
  (back || MAIN.querySelector("h1") || MAIN).focus({ preventScroll: true });
}

function turnedTo(event) {
  scrolled.set(new URL(event.oldURL).hash || "#/", window.scrollY);
  show(false);
}

function inDark() {
  const set = document.documentElement.dataset.theme;
  return set ? set === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function nameTheme() {
  THEME.textContent = inDark() ? "Light" : "Dark";
  THEME.setAttribute("aria-label", inDark() ? "Use light colours" : "Use dark colours");
}

function foot() {
  const { about } = report;
  const left = about.left_out;
  const said = [`Threshold ${about.threshold.toFixed(2)}. Times in UTC.`];
  if (about.text === "none") said.push("Made without texts.");
  else {
    if (left.shortened) said.push(`${count(left.shortened, "text")} shortened to ${number(about.excerpt)} characters.`);
    if (left.members) said.push(`${count(left.members, "member")} listed without the text: beyond the first ${number(about.most_members)} of a cluster, or beyond the size a file may have.`);
  }
  const size = make("span");
  sizeOfFile().then((bytes) => { size.textContent = ` This file: ${megabytes(bytes)}; it asks nothing of any network.`; });
  document.getElementById("foot").append(make("p", null, said.join(" "), size));
}

async function begin() {
  history.scrollRestoration = "manual";
  report = understood(await unpack("list"));
  document.getElementById("name").append(feed(report.about.name));
  document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); MAIN.focus(); });
  THEME.addEventListener("click", () => {
    document.documentElement.dataset.theme = inDark() ? "light" : "dark";
    nameTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
  nameTheme();
  foot();
  await show(true);
  document.documentElement.dataset.ready = "";
  window.addEventListener("hashchange", turnedTo);
}

begin().catch((error) => {
  MAIN.replaceChildren(make("p", { class: "note" }, `The report cannot be shown: ${error.message}. It needs a browser of mid-2024 or later.`));
  throw error;
});
