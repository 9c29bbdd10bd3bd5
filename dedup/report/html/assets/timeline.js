// The pick-ups of a cluster in time: a line each for a few members, a curve for many.

const LANES = 24;
const LANE_PX = 20;
const CURVE_PX = 200;
const AXIS_PX = 26;
const LABEL_CHARACTERS = 26;
const STEPS_S = [60, 300, 900, 1800, 3600, 7200, 10800, 21600, 43200, DAY_S, 2 * DAY_S, 7 * DAY_S, 30 * DAY_S, 91 * DAY_S, 365 * DAY_S];

/** The mark of a relation: told apart by shape, not only by colour. */
function markPath(kind, x, y) {
  const r = kind === CANONICAL ? 6 : 5;
  const shapes = [
    `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
    `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
    `M${x - r} ${y - r + 1}h${2 * r}l${-r} ${2 * r - 1}z`,
    `M${x} ${y - r - 1}l${r + 1} ${r + 1}l${-r - 1} ${r + 1}l${-r - 1} ${-r - 1}z`,
    `M${x - r + 1} ${y - r + 1}h${2 * r - 2}v${2 * r - 2}h${-2 * r + 2}z`,
  ];
  return draw("path", { d: shapes[kind], class: `mark kind-${kind}` });
}

function clipped(text, most) {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

function ticksOf(first, last, most) {
  const step = STEPS_S.find((size) => (last - first) / size <= most) || 10 * 365 * DAY_S;
  const ticks = [];
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) ticks.push(at);
  return { ticks, step };
}

function tickWords(time, step) {
  const said = new Date(time * 1000).toISOString();
  if (step >= DAY_S) return said.slice(0, 10);
  return time % DAY_S === 0 ? said.slice(5, 10) : said.slice(11, 16);
}

/** What is drawn: members with a time of day; those of which only the day is known are laid over it. */
function placed(members) {
  const dated = members.filter((member) => member.time !== null).sort((a, b) => a.time - b.time || a.row - b.row);
  const exact = dated.filter((member) => !isDay(member.time));
  return exact.length < 2 ? { dated, days: [] } : { dated: exact, days: dated.filter((member) => isDay(member.time)) };
}

/** A figure of the pick-ups, redrawn when its width changes. */
function timeline(members) {
  const { dated, days } = placed(members);
  const undated = members.length - dated.length - days.length;
  const few = dated.length + days.length <= LANES;
  if (dated.length < 2) {
    return make("p", null, "Too few dates for a time line.");
  }
  const [first, last] = [dated[0].time, dated[dated.length - 1].time];
  if (first === last) {
    return make("p", null, `The ${count(dated.length, "dated article")} all say ${moment(first)}.`);
  }
  const holder = make("div", { class: "timeline" });
  const kinds = report.kinds.map((kind, at) => [kind, at]).filter(([, at]) => members.some((one) => one.kind === at));
  const legend = make("figcaption", { class: "legend" },
    kinds.map(([kind, at]) => make("span", null,
      draw("svg", { width: 16, height: 16, "aria-hidden": "true" }, markPath(at, 8, 8)), kind)),
    days.length ? make("span", null, `${number(days.length)} of which only the day is known${few ? ": a line over it" : ", not drawn"}`) : "",
    undated ? make("span", null, `${number(undated)} without a date`) : "");
  const figure = make("figure", null, holder, legend);
  const said = `Time line: ${count(dated.length, "article")} from ${moment(first)} to ${moment(last)}, `
    + `within ${duration(last - first)}. The table below gives each.`;
  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.max(280, holder.clientWidth);
    if (width === drawn) return;
    drawn = width;
    holder.replaceChildren(few ? lanes(dated, days, width, said) : curve(dated, width, said));
  }).observe(figure);
  return figure;
}

function axis(first, last, x, height, width) {
  const { ticks, step } = ticksOf(first, last, Math.max(2, Math.floor(width / 90)));
  return ticks.map((time) => draw("g", { class: "tick" },
    draw("line", { x1: x(time), x2: x(time), y1: 0, y2: height }),
    draw("text", { x: x(time), y: height + 16, "text-anchor": "middle" }, tickWords(time, step))));
}

function canvas(width, height, said) {
  return draw("svg", { width, height: height + AXIS_PX, role: "img", "aria-label": said });
}

function lanes(dated, days, width, said) {
  const labelled = width >= 520;
  const left = labelled ? 190 : 24;
  const [first, last] = [dated[0].time, dated[dated.length - 1].time];
  const within = (time) => Math.min(last, Math.max(first, time));
  const x = (time) => left + ((within(time) - first) / (last - first)) * (width - left - 24);
  const members = [...dated, ...days];
  const height = members.length * LANE_PX;
  const svg = canvas(width, height, said);
  svg.append(...axis(first, last, x, height, width - left));
  members.forEach((member, at) => {
    const y = at * LANE_PX + LANE_PX / 2;
    const name = outletName(member.outlet);
    const whole = at >= dated.length;
    if (labelled) svg.append(draw("text", { class: "lane-name", x: left - 12, y: y + 4, "text-anchor": "end" }, clipped(name, LABEL_CHARACTERS)));
    svg.append(whole
      ? draw("line", { class: "day", x1: x(member.time), x2: x(member.time + DAY_S), y1: y, y2: y })
      : draw("line", { class: "lane", x1: left, x2: x(member.time), y1: y, y2: y }));
    const middle = (x(member.time) + x(member.time + DAY_S)) / 2;
    const mark = markPath(member.kind, whole ? middle : x(member.time), y);
    mark.append(draw("title", null, `${name}, ${moment(member.time)}, ${report.kinds[member.kind]}`));
    svg.append(mark);
  });
  return svg;
}

function curve(dated, width, said) {
  const left = 44;
  const [first, last] = [dated[0].time, dated[dated.length - 1].time];
  const x = (time) => left + ((time - first) / (last - first)) * (width - left - 24);
  const y = (n) => CURVE_PX - 6 - (n / dated.length) * (CURVE_PX - 18);
  const svg = canvas(width, CURVE_PX, said);
  svg.append(...axis(first, last, x, CURVE_PX, width - left));
  let path = `M${x(first)} ${y(0)}`;
  dated.forEach((member, at) => { path += `H${x(member.time)}V${y(at + 1)}`; });
  svg.append(draw("path", { class: "curve", d: path }));
  for (const share of [0.5, 1]) {
    const n = Math.round(share * dated.length);
    svg.append(draw("text", { class: "lane-name", x: left - 8, y: y(n) + 4, "text-anchor": "end" }, number(n)));
  }
  const shown = new Set();
  dated.forEach((member, at) => {
    // Marks that would lie on each other are drawn once.
    const place = `${member.kind} ${Math.round(x(member.time) / 8)} ${Math.round(y(at + 1) / 8)}`;
    if (shown.has(place)) return;
    shown.add(place);
    const mark = markPath(member.kind, x(member.time), y(at + 1));
    mark.append(draw("title", null, `${outletName(member.outlet)}, ${moment(member.time)}, ${report.kinds[member.kind]}`));
    svg.append(mark);
  });
  return svg;
}
