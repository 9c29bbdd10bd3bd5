// One cluster: when it spread, who carried it, what holds it together; and two of its articles compared.

const ROWS_FIRST = 200; // of a long table
const FIELD_NAMES = { article_id: "Id", url: "Address", place: "Place", byline: "Byline", file: "File", line: "Line" };

function compareHash(cluster, left, right) {
  return `${clusterHash(cluster)}/compare/${left}/${right}`;
}

function clusterHead(cluster, tag) {
  const told = cluster.outlets.size > 1 && cluster.origins.length;
  const names = cluster.origins.flatMap((name, at) => (at ? [", ", feed(name)] : [feed(name)]));
  const facts = [
    `${count(cluster.size, "article")} · ${count(cluster.outlets.size, "outlet")}`,
    told ? [`, ${count(cluster.origins.length, "origin")} (`, names, ")"] : "",
    cluster.seen === null ? " · no dates" : ` · first ${moment(cluster.seen)}`,
    cluster.lag ? ` · within ${duration(cluster.lag)}` : "",
  ];
  return make("header", { class: "story" },
    make(tag, { tabindex: "-1" }, feed(titleOf(cluster.begin))),
    make("p", { class: "facts" }, facts, " · cluster ", make("code", null, cluster.id)));
}

async function clusterView(cluster) {
  openedLast = cluster.id;
  const details = await detailsOf(cluster);
  const members = membersOf(cluster);
  const hidden = cluster.size - members.length;
  return make("article", { class: "cluster" },
    make("p", { class: "back" }, make("a", { href: listHash(listState) }, "← Clusters")),
    clusterHead(cluster, "h1"),
    credits(cluster, members, details),
    make("section", null, make("h2", null, "Pick-ups"), timeline(members)),
    make("section", null, make("h2", null, "Members"),
      hidden > 0 ? make("p", { class: "note" }, `${count(hidden, "member")} left out by the filter this report was made with.`) : "",
      memberTable(cluster, members, details)),
    weakestEdge(cluster),
    neighbours(cluster));
}

/** Which agencies the members credit; disagreement is said. */
function credits(cluster, members, { fields }) {
  const said = cluster.agencies.map((agency) =>
    [agency, members.filter((one) => one.agency === agency).length]);
  if (!said.length) return make("p", { class: "credits" }, "No member credits an agency.");
  const credited = said.reduce((sum, [, n]) => sum + n, 0);
  return make("p", { class: "credits" }, "Wire credit: ",
    said.map(([agency, n], at) => [at ? ", " : "", make("strong", null, feed(report.agencies[agency])), ` ${number(n)}`]),
    `, none ${number(members.length - credited)}. `,
    said.length > 1 ? make("em", null, "The members disagree. ") : "",
    cluster.credit >= 0 ? ["Taken to come from ", make("strong", null, feed(report.agencies[cluster.credit])),
      fields.cluster_credit_tier?.[0] ? ` (${fields.cluster_credit_tier[0]}).` : "."] : "");
}

const SHOWN_ELSEWHERE = new Set(["url", "file", "line", "credit_tier", "credit_kind", "credit_evidence",
  "cluster_credit", "cluster_credit_tier", "cluster_credits"]);

/** The agency a member credits, how sure that is, and the words that say so. */
function creditOf(member, fields, at) {
  if (member.agency < 0) return "";
  const said = (name) => fields[name]?.[at] || "";
  const how = [said("credit_tier"), said("credit_kind")].filter(Boolean).join(", ");
  return [feed(report.agencies[member.agency]), how ? make("span", { class: "how" }, ` ${how}`) : "",
    said("credit_evidence") ? make("q", { class: "evidence" }, feed(said("credit_evidence"))) : ""];
}

/** Columns of the details that hold something, those this page does not know included. */
function extraColumns(details) {
  return Object.keys(details.fields).filter((name) => !SHOWN_ELSEWHERE.has(name)
    && details.fields[name].some((value) => value !== null && value !== ""));
}

function columnName(name) {
  return FIELD_NAMES[name] || name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}

function memberTable(cluster, members, details) {
  const extras = extraColumns(details);
  const credited = members.some((one) => one.agency >= 0);
  const seen = new Set();
  const body = make("tbody", { role: "rowgroup" });
  const more = make("button", { type: "button", class: "more", onclick: () => addRows(members.length) }, `Show all ${number(members.length)}`);

  function addRows(end) {
    for (let at = body.children.length; at < end; at += 1) {
      const again = seen.has(members[at].outlet);
      seen.add(members[at].outlet);
      body.append(memberRow(cluster, members[0], members[at], at, { details, extras, credited, again }));
    }
    more.hidden = end === members.length;
  }

  addRows(Math.min(members.length, ROWS_FIRST));
  const head = (name, figure) => make("th", { scope: "col", role: "columnheader", class: figure ? "figure" : null }, name);
  // Roles stand on the elements because on a phone they are laid out as blocks, which would take them away.
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Members" },
    make("table", { class: "data members", role: "table" }, make("caption", { class: "heard" }, "Members of the cluster"),
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" },
        head("Outlet"), head("Headline"), head("Relation"), head("Lag", true), head("Score", true),
        credited ? head("Credit") : "", extras.map((name) => head(columnName(name))), head(heard("Comparison")))),
      body), more);
}

function memberRow(cluster, canonical, member, at, { details, extras, credited, again }) {
  const { fields } = details;
  const address = fields.url?.[at];
  const same = at > 0 && titleOf(member.row).toLowerCase() === titleOf(canonical.row).toLowerCase();
  const cell = (name, attributes, ...said) => make("td", { role: "cell", "data-name": name, ...attributes }, said);
  return make("tr", { role: "row", class: `kind-row-${member.kind}` },
    make("th", { scope: "row", role: "rowheader" }, feed(outletName(member.outlet)),
      again ? make("span", { class: "again" }, " again") : "",
      cluster.core === member.row ? make("span", { class: "badge", title: "The cluster was built around this article" }, "core") : ""),
    cell(null, { class: "title" }, same ? make("span", { class: "same-title" }, "same headline") : feed(titleOf(member.row)),
      address ? [" ", outward(address, ["open", heard(` the article of ${outletName(member.outlet)}`)]) || make("span", { class: "address" }, feed(address))] : ""),
    cell(null, null, report.kinds[member.kind]),
    cell(null, { class: "figure", title: moment(member.time) }, lagWords(member, canonical)),
    cell("score", { class: "figure" }, member.kind === CANONICAL ? "" : score(member.score)),
    credited ? cell("credit", { class: "credit" }, creditOf(member, fields, at)) : "",
    extras.map((name) => {
      const value = fields[name][at];
      const where = name === "article_id" && fields.file?.[at] ? `${fields.file[at]}, line ${fields.line?.[at]}` : null;
      const said = value === null || value === "" ? "" : feed(String(value));
      return cell(columnName(name).toLowerCase(), { class: String(value).length > 20 ? "extra long" : "extra", title: where }, said);
    }),
    cell(null, null, at === 0 ? "" : make("a", { href: compareHash(cluster, 0, at), class: "action" }, "Compare",
      heard(` ${outletName(member.outlet)} with the canonical article`))));
}

/** The member that holds on by least: what a stricter threshold would part first. */
function weakestEdge(cluster) {
  const head = make("h2", null, "The weakest edge");
  if (cluster.core < 0) return make("section", null, head, make("p", null, "The core of this cluster is not among the members shown."));
  if (cluster.weakest < 0) return make("section", null, head, make("p", null, "None is weak: all members have the same text as the core."));
  const [core, weakest] = [cluster.core - cluster.begin, cluster.weakest - cluster.begin];
  const value = score(cluster.weakestScore);
  return make("section", { class: "weakest" }, head,
    make("p", null, make("strong", null, feed(outletName(report.members.outlet[cluster.weakest]))), " (",
      feed(titleOf(cluster.weakest)), ") holds on to the core, ",
      make("strong", null, feed(outletName(report.members.outlet[cluster.core]))), ", with a score of ",
      make("strong", null, value), `; the threshold is ${report.about.threshold.toFixed(2)}. `,
      `Above ${value} the two would not be grouped by this edge. `,
      make("a", { href: compareHash(cluster, core, weakest), class: "action" }, "Compare the two")));
}

function neighbours(cluster) {
  if (!cluster.linked.length && !cluster.composites.length) return "";
  return make("section", { class: "neighbours" },
    cluster.linked.length ? [make("h2", null, "Linked clusters"),
      make("p", null, "Joined by single matches, but unlike the core: one chain, cut."),
      make("ul", null, cluster.linked.map((other) =>
        make("li", null, make("a", { href: clusterHash(other) }, feed(titleOf(other.begin))), ` ${count(other.size, "article")}`)))] : "",
    cluster.composites.length ? [make("h2", null, "Composites that draw on it"),
      make("ul", null, cluster.composites.map((one) =>
        make("li", null, make("a", { href: "#/composites" }, feed(one.title || "(no headline)")), " ", feed(one.outlet))))] : "");
}

async function compareView(cluster, left, right) {
  openedLast = cluster.id;
  const details = await detailsOf(cluster);
  const members = membersOf(cluster);
  const [one, other] = [members[left], members[right]];
  const said = (member) => [
    make("span", { class: "who" }, feed(outletName(member.outlet))),
    make("span", { class: "facts" }, [report.kinds[member.kind], moment(member.time),
      member.kind === CANONICAL ? "" : lagWords(member, members[0]),
      member.kind === CANONICAL ? "" : `score ${score(member.score)}`].filter(Boolean).join(" · ")),
  ];
  const choose = make("select", { id: "compare-with", onchange: (event) => { location.hash = compareHash(cluster, 0, event.target.value); } },
    members.slice(1).map((member, at) => make("option", { value: at + 1, selected: left === 0 && at + 1 === right },
      `${outletName(member.outlet)}, ${report.kinds[member.kind]}`)));
  if (left !== 0) choose.prepend(make("option", { value: right, selected: true }, `core with ${outletName(other.outlet)}`));
  return make("article", { class: "compare" },
    make("p", { class: "back" }, make("a", { href: clusterHash(cluster) }, "← The cluster")),
    make("h1", { tabindex: "-1" }, feed(titleOf(cluster.begin))),
    make("div", { class: "field" },
      make("label", { for: "compare-with" }, left === 0 ? "Canonical article compared with" : "Compared"), choose),
    comparison(details, left, right, said(one), said(other)),
    howToAsk(details.fields.article_id[left], details.fields.article_id[right]));
}

/** The command that says why, feature by feature; none for ids that a shell would not take as they stand. */
function howToAsk(...ids) {
  if (!ids.every((id) => /^\w[\w.:-]*$/.test(id))) return "";
  return make("p", { class: "ask" }, "Why these two, feature by feature: ",
    make("code", null, `dedup explain ${ids.join(" ")} -i INDEX`), " (the index or feed of this report).");
}
