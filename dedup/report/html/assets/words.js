// Numbers, times and lags as people read them; all times are UTC.

const DAY_S = 86400;
const UNITS = [[DAY_S, "d"], [3600, "h"], [60, "min"], [1, "s"]];

function number(value) {
  return value.toLocaleString("en-US");
}

function count(value, noun, plural) {
  return `${number(value)} ${value === 1 ? noun : plural || `${noun}s`}`;
}

/** A share; never 0 or 100 for what is only nearly so. */
function percent(part, whole) {
  if (!whole) return "0 %";
  const share = (100 * part) / whole;
  if (share > 0 && share < 1) return "< 1 %";
  if (share > 99 && share < 100) return "> 99 %";
  return `${Math.round(share)} %`;
}

/** A length of time in its two greatest units. */
function duration(seconds) {
  const left = Math.round(Math.abs(seconds));
  const at = UNITS.findIndex(([size]) => left >= size);
  if (at < 0) return "0 s";
  const [size, unit] = UNITS[at];
  const rest = left % size;
  const next = UNITS[at + 1];
  const whole = `${number(Math.floor(left / size))} ${unit}`;
  if (!next || unit === "min" || rest < next[0]) return whole;
  return `${whole} ${Math.floor(rest / next[0])} ${next[1]}`;
}

/** Whether a time is a day's first moment: what a feed gives that knows the day alone. */
function isDay(time) {
  return time % DAY_S === 0;
}

function dayOf(time) {
  return new Date(time * 1000).toISOString().slice(0, 10);
}

/** A time to the minute, or to the day where no more is known. */
function moment(time) {
  if (time === null) return "no date";
  return isDay(time) ? dayOf(time) : new Date(time * 1000).toISOString().slice(0, 16).replace("T", " ");
}

/** The lag of a member after the canonical article. */
function lagWords(member, canonical) {
  if (member.kind === CANONICAL) return "first";
  let lag = member.lag;
  let days = false;
  if (member.time !== null && canonical.time !== null && (isDay(member.time) || isDay(canonical.time))) {
    lag = (Math.floor(member.time / DAY_S) - Math.floor(canonical.time / DAY_S)) * DAY_S;
    days = true;
  }
  if (lag === null) return "no date";
  if (lag === 0) return days ? "same day" : "same time";
  return `${lag > 0 ? "+" : "−"}${duration(lag)}`;
}

function score(tenThousandths) {
  return tenThousandths < 0 ? "" : (tenThousandths / 10000).toFixed(2);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
