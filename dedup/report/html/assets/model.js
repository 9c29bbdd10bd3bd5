// The report in memory: clusters as objects, members as columns, and what is counted of them.

const CANONICAL = 0;
let report = null;

/** Give the columns of the list the shape the views ask for. */
function understood(data) {
  const { clusters: c, members: m } = data;
  const clusters = [];
  let begin = 0;
  c.id.forEach((id, index) => {
    const end = begin + c.rows[index];
    const outlets = new Set();
    const agencies = new Map();
    const kinds = new Array(data.kinds.length).fill(0);
    let [first, last, lag] = [null, null, 0];
    for (let row = begin; row < end; row += 1) {
      if (m.outlet[row] >= 0) outlets.add(m.outlet[row]);
      if (m.agency[row] >= 0) agencies.set(m.agency[row], (agencies.get(m.agency[row]) || 0) + 1);
      kinds[m.kind[row]] += 1;
      const time = m.time[row];
      if (time !== null) {
        first = first === null ? time : Math.min(first, time);
        last = last === null ? time : Math.max(last, time);
      }
      lag = Math.max(lag, m.lag[row] || 0);
    }
    clusters.push({
      index, id, begin, end, first, last, seen: m.time[begin] ?? first, lag, outlets, kinds,
      size: c.size[index], chunk: c.chunk[index], core: c.core[index],
      weakest: c.weakest[index], weakestScore: c.weakest_score[index],
      credit: c.credit[index], origins: c.origins[index],
      // The agency it is said to come from, the one most members credit, then the others.
      agencies: [...agencies].map(([agency, n]) => [agency, agency === c.credit[index] ? Infinity : n])
        .sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([agency]) => agency),
      linked: [], composites: [], words: null,
    });
    begin = end;
  });
  for (const [a, b] of data.links) {
    clusters[a].linked.push(clusters[b]);
    clusters[b].linked.push(clusters[a]);
  }
  for (const composite of data.composites) {
    for (const index of composite.clusters) clusters[index].composites.push(composite);
  }
  return { ...data, clusters, byId: new Map(clusters.map((cluster) => [cluster.id, cluster])) };
}

function memberAt(row) {
  const m = report.members;
  return {
    row, outlet: m.outlet[row], kind: m.kind[row], score: m.score[row], lag: m.lag[row], time: m.time[row],
    agency: m.agency[row], title: m.title[row],
  };
}

function membersOf(cluster) {
  const rows = [];
  for (let row = cluster.begin; row < cluster.end; row += 1) rows.push(memberAt(row));
  return rows;
}

function outletName(outlet) {
  return outlet < 0 ? "(no outlet)" : report.outlets[outlet];
}

function titleOf(row) {
  const title = report.members.title[row];
  return title < 0 ? "(no headline)" : report.titles[title];
}

/** Text as a search compares it: without case and accents. */
function folded(text) {
  return text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
}

/** All that a search looks through: headlines, outlets, agencies, the id. */
function wordsOf(cluster) {
  if (cluster.words === null) {
    const said = new Set([cluster.id]);
    for (let row = cluster.begin; row < cluster.end; row += 1) said.add(titleOf(row));
    for (const outlet of cluster.outlets) said.add(outletName(outlet));
    for (const agency of cluster.agencies) said.add(report.agencies[agency]);
    cluster.words = folded([...said].join("\n"));
  }
  return cluster.words;
}

function hasMember(cluster, column, value) {
  const values = report.members[column];
  for (let row = cluster.begin; row < cluster.end; row += 1) if (values[row] === value) return true;
  return false;
}

const ORDERS = {
  size: (a, b) => a.size - b.size,
  outlets: (a, b) => a.outlets.size - b.outlets.size,
  first: (a, b) => (a.seen ?? -Infinity) - (b.seen ?? -Infinity),
  lag: (a, b) => a.lag - b.lag,
  headline: (a, b) => compared(titleOf(a.begin), titleOf(b.begin)),
};

/** The clusters that fit what is asked, in the order asked. */
function chosen(asked) {
  const words = folded(asked.q || "").split(/\s+/).filter(Boolean);
  const outlet = asked.outlet ? report.outlets.indexOf(asked.outlet) : null;
  const origin = asked.origin ? report.outlets.indexOf(asked.origin) : null;
  const agency = asked.agency ? report.agencies.indexOf(asked.agency) : null;
  const kind = asked.relation ? report.kinds.indexOf(asked.relation) : null;
  const least = Number(asked.size) || 0;
  const since = asked.from ? Date.parse(`${asked.from}T00:00:00Z`) / 1000 : null;
  const until = asked.to ? Date.parse(`${asked.to}T00:00:00Z`) / 1000 + DAY_S : null;
  const found = report.clusters.filter((cluster) =>
    cluster.size >= least
    && (outlet === null || carries(cluster, outlet, origin !== null))
    && (origin === null || report.members.outlet[cluster.begin] === origin)
    && (agency === null || cluster.agencies.includes(agency))
    && (kind === null || cluster.kinds[kind] > 0)
    && (since === null || (cluster.last !== null && cluster.last >= since))
    && (until === null || (cluster.first !== null && cluster.first < until))
    && words.every((word) => wordsOf(cluster).includes(word)));
  const order = ORDERS[asked.sort];
  if (order) found.sort((a, b) => (asked.up ? order(a, b) : order(b, a)) || a.index - b.index);
  return found;
}

/** Whether an outlet has a member; `after`: one that is not the canonical article. */
function carries(cluster, outlet, after) {
  if (!after) return cluster.outlets.has(outlet);
  for (let row = cluster.begin + 1; row < cluster.end; row += 1) {
    if (report.members.outlet[row] === outlet) return true;
  }
  return false;
}

/** What is said of each outlet: all its articles, those in clusters, those that came first, those of others. */
function outletFigures() {
  const rows = report.outlets.map((name, outlet) =>
    ({ name, outlet, articles: report.articles[outlet], clustered: 0, first: 0, carried: 0, again: 0 }));
  for (const cluster of report.clusters) {
    const origin = report.members.outlet[cluster.begin];
    for (let row = cluster.begin; row < cluster.end; row += 1) {
      const mine = rows[report.members.outlet[row]];
      if (!mine) continue;
      mine.clustered += 1;
      if (row === cluster.begin) mine.first += 1;
      else if (mine.outlet === origin) mine.again += 1;
      else mine.carried += 1;
    }
  }
  return rows;
}

/** What is said of each agency: clusters and members that credit it, clusters where others are credited too. */
function agencyFigures() {
  const rows = report.agencies.map((name, agency) =>
    ({ name, agency, clusters: 0, members: 0, outlets: new Set(), disputed: 0 }));
  for (const cluster of report.clusters) {
    for (const agency of cluster.agencies) {
      rows[agency].clusters += 1;
      if (cluster.agencies.length > 1) rows[agency].disputed += 1;
    }
    for (let row = cluster.begin; row < cluster.end; row += 1) {
      const mine = rows[report.members.agency[row]];
      if (!mine) continue;
      mine.members += 1;
      if (report.members.outlet[row] >= 0) mine.outlets.add(report.members.outlet[row]);
    }
  }
  return rows;
}

/** How often each outlet (column) carries what another (row) had first, of the n with most articles in clusters. */
function whoCarriesWhom(n) {
  const figures = outletFigures().filter((row) => row.clustered);
  const names = figures.sort((a, b) => b.clustered - a.clustered || compared(a.name, b.name)).slice(0, n);
  const place = new Map(names.map((row, at) => [row.outlet, at]));
  const cells = names.map(() => new Array(names.length).fill(0));
  for (const cluster of report.clusters) {
    const from = place.get(report.members.outlet[cluster.begin]);
    if (from === undefined) continue;
    for (let row = cluster.begin + 1; row < cluster.end; row += 1) {
      const by = place.get(report.members.outlet[row]);
      if (by !== undefined) cells[from][by] += 1;
    }
  }
  return { names, cells, others: figures.length - names.length };
}
