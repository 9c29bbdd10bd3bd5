// Whole-report tables: outlets, agencies, composites, and the matrix of who carries whose copy.

const MATRIX_SIZES = [10, 20, 40];
const SHADES = 5;

function outletsView() {
  const rows = outletFigures();
  const figure = (name, key) => ({ name, numeric: true, value: (row) => row[key], show: (row) => number(row[key]) });
  const elsewhere = report.articles_elsewhere;
  return make("article", null, make("h1", { tabindex: "-1" }, "Outlets"),
    make("p", null, "How much of each outlet is in clusters, what it had first, and what it carries that another had first."),
    sortableTable("Outlets", [
      { name: "Outlet", head: true, value: (row) => row.name, show: (row) => make("a", { href: listHash({ outlet: row.name }) }, feed(row.name)) },
      figure("Articles", "articles"), figure("In clusters", "clustered"),
      { name: "Share", numeric: true, value: (row) => row.clustered / (row.articles || 1), show: (row) => percent(row.clustered, row.articles) },
      figure("Had first", "first"), figure("From others", "carried"), figure("Own, again", "again"),
    ], rows, 2, ROWS_FIRST),
    elsewhere ? make("p", { class: "note" }, `${count(elsewhere, "more article")} of outlets without a cluster, or without a name.`) : "");
}

function agenciesView() {
  const rows = agencyFigures();
  return make("article", null, make("h1", { tabindex: "-1" }, "Agencies"),
    make("p", null, "A cluster counts for every agency one of its members credits; where members credit several, it says so."),
    rows.length ? sortableTable("Agencies", [
      { name: "Agency", head: true, value: (row) => row.name, show: (row) => make("a", { href: listHash({ agency: row.name }) }, feed(row.name)) },
      { name: "Clusters", numeric: true, value: (row) => row.clusters, show: (row) => number(row.clusters) },
      { name: "Share of clusters", numeric: true, value: (row) => row.clusters, show: (row) => percent(row.clusters, report.clusters.length) },
      { name: "Members that credit it", numeric: true, value: (row) => row.members, show: (row) => number(row.members) },
      { name: "Outlets", numeric: true, value: (row) => row.outlets.size, show: (row) => number(row.outlets.size) },
      { name: "With another agency", numeric: true, value: (row) => row.disputed, show: (row) => number(row.disputed) },
    ], rows, 1, ROWS_FIRST) : make("p", null, "No member credits an agency."));
}

function compositesView() {
  return make("article", null, make("h1", { tabindex: "-1" }, "Composites"),
    make("p", null, "News in brief, round-ups and the like: they match several clusters whose members are strangers to each other, and are in none."),
    report.composites.length ? make("ul", { class: "composites" }, report.composites.map((one) =>
      make("li", null, make("h2", null, feed(one.title || "(no headline)")), make("p", { class: "facts" }, feed(one.outlet), " · ", make("code", null, feed(one.id))),
        make("ul", null, one.clusters.map((at) => report.clusters[at]).map((cluster) =>
          make("li", null, make("a", { href: clusterHash(cluster) }, feed(titleOf(cluster.begin)))))),
        one.hidden ? make("p", { class: "note" }, `${count(one.hidden, "cluster")} of it not in this report.`) : "")))
      : make("p", null, "There are none."));
}

function matrixView() {
  const holder = make("div");
  const size = make("select", { id: "matrix-size", onchange: () => render() },
    MATRIX_SIZES.map((n) => make("option", { value: n, selected: n === 20 }, `${n}`)));
  const render = () => holder.replaceChildren(matrixTable(Number(size.value)));
  render();
  return make("article", { class: "matrix" }, make("h1", { tabindex: "-1" }, "Who carries whose copy"),
    make("p", null, "Rows had a story first, as far as the feed tells: theirs is the canonical article. Columns carry a copy of it. "
      + "A number opens the clusters behind it."),
    make("div", { class: "field" }, make("label", { for: "matrix-size" }, "Outlets with most articles in clusters"), size),
    holder);
}

function matrixTable(n) {
  const { names, cells, others } = whoCarriesWhom(n);
  if (!names.length) return make("p", null, "No member has an outlet.");
  const most = Math.max(1, ...cells.flat());
  const shade = (value) => (value ? Math.max(1, Math.ceil((SHADES * Math.log(value + 1)) / Math.log(most + 1))) : 0);
  const total = (values) => values.reduce((sum, value) => sum + value, 0);
  return make("div", null,
    make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Matrix" },
      make("table", { class: "grid" },
        make("caption", { class: "heard" }, "Rows: the outlet of the canonical article. Columns: the outlet of the copy."),
        make("thead", null, make("tr", null,
          make("th", { scope: "col", class: "corner" }, "had it first ↓ · carries it →"),
          names.map((name) => make("th", { scope: "col", class: "upright" }, make("span", null, feed(clipped(name.name, 28))))),
          make("th", { scope: "col", class: "upright total" }, make("span", null, "all of these")))),
        make("tbody", null, names.map((from, at) => make("tr", null,
          make("th", { scope: "row" }, feed(clipped(from.name, 28))),
          names.map((by, to) => make("td", { class: `shade-${shade(cells[at][to])}${at === to ? " own" : ""}` },
            cells[at][to] ? make("a", { href: listHash({ origin: from.name, outlet: by.name }) }, number(cells[at][to]),
              heard(` of ${from.name} in ${by.name}`)) : "")),
          make("td", { class: "total" }, number(total(cells[at])))))))),
    others ? make("p", { class: "note" }, `${count(others, "outlet")} with fewer articles in clusters ${others === 1 ? "is" : "are"} left out.`) : "");
}
