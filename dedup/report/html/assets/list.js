// The front page: figures, filters, the list of clusters a page at a time.

const PAGE = 50;
const FILTERS = ["q", "outlet", "origin", "agency", "relation", "size", "from", "to"];
const SIZES = ["2", "3", "5", "10", "20", "50"];
const COLUMNS = [
  ["headline", "Headline", "wide"],
  ["size", "Articles", "figure"],
  ["outlets", "Outlets", "figure"],
  ["first", "First seen (UTC)", "when"],
  ["lag", "Longest lag", "figure"],
];
let openedLast = null; // cluster to come back to

function listHash(asked) {
  const query = new URLSearchParams();
  for (const name of [...FILTERS, "sort", "up", "page"]) if (asked[name]) query.set(name, asked[name]);
  const said = query.toString();
  return said ? `#/?${said}` : "#/";
}

function clusterHash(cluster) {
  return `#/cluster/${cluster.id}`;
}

/** The front page; `state` is what is asked, and changes as the reader asks for something else. */
function listView(state) {
  const table = make("table", { class: "data clusters" });
  const heads = COLUMNS.map(([name, said, kind]) =>
    make("th", { scope: "col", class: kind },
      make("button", { type: "button", onclick: () => sortBy(name) }, said)));
  const body = make("tbody");
  table.append(
    make("caption", { class: "heard" }, "Clusters"),
    make("thead", null, make("tr", null, heads, make("th", { scope: "col", class: "agency" }, "Credit"),
      make("th", { scope: "col", class: "kinds" }, "Copies"))),
    body);
  const result = make("p", { class: "result", role: "status", "aria-live": "polite" });
  const pager = make("nav", { class: "pager", "aria-label": "Pages of the list" });
  const form = filterForm(state, changed);

  function sortBy(name) {
    const downFirst = name !== "headline";
    if (state.sort !== name) [state.sort, state.up] = [name, downFirst ? "" : "1"];
    else state.up = state.up ? "" : "1";
    changed();
  }

  function changed() {
    state.page = "";
    remember();
    render();
  }

  /** The address follows what is asked; some browsers refuse when it changes very often. */
  function remember() {
    try {
      history.replaceState(null, "", listHash(state));
    } catch (error) {
      if (error.name !== "SecurityError") throw error;
    }
  }

  function turnTo(page) {
    state.page = page ? String(page + 1) : "";
    remember();
    render();
    result.scrollIntoView();
    table.querySelector("tbody a")?.focus({ preventScroll: true });
  }

  function render() {
    const found = chosen(state);
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    const page = Math.min(pages, Math.max(1, Number(state.page) || 1)) - 1;
    heads.forEach((head, at) => {
      const mine = state.sort === COLUMNS[at][0];
      head.setAttribute("aria-sort", mine ? (state.up ? "ascending" : "descending") : "none");
    });
    body.replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).map(listRow));
    const all = report.clusters.length;
    const part = found.length === all ? count(all, "cluster") : `${number(found.length)} of ${count(all, "cluster")}`;
    result.textContent = found.length ? part : "No cluster is as asked.";
    pager.replaceChildren(...(pages === 1 ? [] : [
      make("button", { type: "button", disabled: page === 0, onclick: () => turnTo(page - 1) }, "Previous"),
      make("span", null, `Page ${number(page + 1)} of ${number(pages)}`),
      make("button", { type: "button", disabled: page === pages - 1, onclick: () => turnTo(page + 1) }, "Next"),
    ]));
    table.hidden = !found.length;
  }

  render();
  return make("div", { class: "front" },
    make("h1", { class: "heard", tabindex: "-1" }, "Clusters of syndicated copies"),
    figures(),
    make("div", { class: "columns" },
      make("section", { class: "main-column", "aria-label": "List of clusters" }, form, result, table, pager),
      make("aside", { "aria-label": "By outlet and by agency" }, asideOutlets(), asideAgencies())));
}

function listRow(cluster) {
  const canonical = memberAt(cluster.begin);
  const [agency, ...others] = cluster.agencies;
  const opens = { href: clusterHash(cluster), "data-cluster": cluster.id };
  return make("tr", null,
    make("th", { scope: "row", class: "wide" },
      make("a", opens, feed(titleOf(cluster.begin))),
      make("span", { class: "under" }, feed(outletName(canonical.outlet)), " ",
        make("span", { class: "narrow" },
          `${count(cluster.size, "article")}, ${count(cluster.outlets.size, "outlet")}, ${moment(cluster.seen)}`))),
    make("td", { class: "figure" }, number(cluster.size)),
    make("td", { class: "figure" }, number(cluster.outlets.size)),
    make("td", { class: "when" }, moment(cluster.seen)),
    make("td", { class: "figure" }, cluster.lag ? duration(cluster.lag) : "–"),
    make("td", { class: "agency" }, agency === undefined ? "" : feed(report.agencies[agency]),
      others.length ? make("span", { class: "and" }, ` and ${others.length} more`) : ""),
    make("td", { class: "kinds" }, kindWords(cluster)));
}

function kindWords(cluster) {
  return report.kinds.map((kind, at) => (at !== CANONICAL && cluster.kinds[at] ? `${cluster.kinds[at]} ${kind}` : ""))
    .filter(Boolean).join(", ");
}

function filterForm(state, changed) {
  let waiting = 0;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(changed, 120); };
  const fields = [];

  function field(name, said, control) {
    control.id = `filter-${name}`;
    control.value = state[name] || "";
    control.addEventListener(control.tagName === "SELECT" ? "change" : "input", () => {
      state[name] = control.value;
      if (control.tagName === "SELECT") changed(); else later();
    });
    fields.push([name, control]);
    return make("div", { class: `field field-${name}` }, make("label", { for: control.id }, said), control);
  }

  function choice(values, any, said) {
    return make("select", null, make("option", { value: "" }, any),
      values.map((value) => make("option", { value }, said ? said(value) : value)));
  }

  const inOrder = (names) => [...names].sort((a, b) => compared(a, b));
  const clear = make("button", {
    type: "button",
    onclick: () => {
      for (const [name, control] of fields) { state[name] = ""; control.value = ""; }
      changed();
      fields[0][1].focus();
    },
  }, "Clear");
  return make("form", { class: "filters", role: "search", "aria-label": "Filter the clusters", onsubmit: (event) => event.preventDefault() },
    field("q", "Search headlines, outlets, ids", make("input", { type: "search", autocomplete: "off", spellcheck: "false" })),
    field("outlet", "Carried by", choice(inOrder(report.outlets), "any outlet")),
    field("origin", "First at", choice(inOrder(report.outlets), "any outlet")),
    field("agency", "Credit", choice(inOrder(report.agencies), "any agency")),
    field("relation", "Relation", choice(report.kinds.slice(1), "any relation")),
    field("size", "Articles", choice(SIZES, "any number", (size) => `${size} or more`)),
    field("from", "From", make("input", { type: "date" })),
    field("to", "To", make("input", { type: "date" })),
    make("div", { class: "field field-clear" }, clear));
}

function figures() {
  const { counts } = report.about;
  const all = counts.clusters === report.clusters.length;
  const across = report.clusters.filter((cluster) => cluster.outlets.size > 1);
  const syndicated = across.reduce((sum, cluster) => sum + cluster.size, 0);
  const several = `${count(across.length, "cluster")} of two or more outlets`;
  const shown = [
    [number(counts.articles ?? 0), "articles"],
    [number(counts.clusters ?? report.clusters.length), "clusters"],
    [percent(counts.clustered ?? 0, counts.articles ?? 0), `in clusters: ${count(counts.clustered ?? 0, "article")}`],
    all ? [percent(syndicated, counts.articles ?? 0), `syndicated: ${count(syndicated, "article")} in ${several}`]
      : [number(across.length), `of the clusters here are of two or more outlets`],
    [number(counts.composites ?? 0), "composites, in no cluster"],
  ];
  const notes = [...report.about.notes];
  if (counts.clusters > report.clusters.length) {
    notes.unshift(`This page holds ${number(report.clusters.length)} of the ${number(counts.clusters)} clusters: those that were asked for.`);
  }
  return make("section", { class: "summary", "aria-label": "Summary" },
    make("dl", { class: "figures" }, shown.map(([value, said]) =>
      make("div", null, make("dt", null, said), make("dd", null, value)))),
    notes.length ? make("ul", { class: "notes" }, notes.map((note) => make("li", null, note))) : "");
}

function asideOutlets() {
  const most = outletFigures().filter((row) => row.clustered)
    .sort((a, b) => b.clustered - a.clustered || compared(a.name, b.name));
  if (!most.length) return make("section", null, make("h2", null, "By outlet"), make("p", null, "No member has an outlet."));
  return make("section", null, make("h2", null, "By outlet"),
    make("table", { class: "data small" },
      make("thead", null, make("tr", null, make("th", { scope: "col" }, "Outlet"),
        make("th", { scope: "col", class: "figure" }, "In clusters"), make("th", { scope: "col", class: "figure" }, "Share"))),
      make("tbody", null, most.slice(0, 10).map((row) => make("tr", null,
        make("th", { scope: "row" }, make("a", { href: listHash({ outlet: row.name }) }, feed(row.name))),
        make("td", { class: "figure" }, number(row.clustered)),
        make("td", { class: "figure" }, percent(row.clustered, row.articles)))))),
    make("p", null, make("a", { href: "#/outlets" }, `All ${count(most.length, "outlet")}`)));
}

function asideAgencies() {
  const most = agencyFigures().sort((a, b) => b.clusters - a.clusters || compared(a.name, b.name));
  return make("section", null, make("h2", null, "By agency"),
    most.length ? make("table", { class: "data small" },
      make("thead", null, make("tr", null, make("th", { scope: "col" }, "Agency"),
        make("th", { scope: "col", class: "figure" }, "Clusters"), make("th", { scope: "col", class: "figure" }, "Share"))),
      make("tbody", null, most.slice(0, 10).map((row) => make("tr", null,
        make("th", { scope: "row" }, make("a", { href: listHash({ agency: row.name }) }, feed(row.name))),
        make("td", { class: "figure" }, number(row.clusters)),
        make("td", { class: "figure" }, percent(row.clusters, report.clusters.length))))))
      : make("p", null, "No member credits an agency."));
}
