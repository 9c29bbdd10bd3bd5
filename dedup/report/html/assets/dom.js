// Elements are made, never parsed: a feed's text reaches the page as text only.

const COLLATOR = new Intl.Collator("en", { numeric: true });
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** An HTML element; strings among the children become text. */
function make(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
function draw(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Text out of a feed: its direction stays its own. */
function feed(text, attributes) {
  return make("bdi", { dir: "auto", ...attributes }, text);
}

/** Text for those who hear the page. */
function heard(text) {
  return make("span", { class: "heard" }, text);
}

/** A link to an address out of a feed, or its text where a browser should not follow it. */
function outward(address, said) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return said === undefined ? feed(address) : null;
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return said === undefined ? feed(address) : null;
  const attributes = { href: url.href, rel: "noopener noreferrer nofollow", target: "_blank" };
  return make("a", attributes, said === undefined ? feed(address) : said);
}

/** A table that sorts by any of its columns.

    columns: [{ name, value(row), show(row), numeric, head }]; `value` sorts, `show` is the cell,
    `head` makes it the row's header. */
function sortableTable(caption, columns, rows, first, most) {
  let by = first;
  let down = Boolean(columns[first].numeric);
  let shown = most;
  const body = make("tbody");
  const more = make("button", { type: "button", class: "more", onclick: () => { shown = Infinity; render(); } });
  const heads = columns.map((column, at) =>
    make("th", { scope: "col", class: column.numeric ? "figure" : null },
      make("button", { type: "button", onclick: () => sortBy(at) }, column.name)));

  function sortBy(at) {
    down = at === by ? !down : Boolean(columns[at].numeric);
    by = at;
    render();
  }

  function render() {
    const { value } = columns[by];
    const sorted = rows.map((row, at) => [row, value(row), at]);
    sorted.sort((a, b) => (down ? compared(b[1], a[1]) : compared(a[1], b[1])) || a[2] - b[2]);
    heads.forEach((head, at) => {
      head.setAttribute("aria-sort", at !== by ? "none" : down ? "descending" : "ascending");
    });
    body.replaceChildren(...sorted.slice(0, shown).map(([row]) =>
      make("tr", null, columns.map((column) =>
        make(column.head ? "th" : "td",
          { scope: column.head ? "row" : null, class: column.numeric ? "figure" : null }, column.show(row))))));
    more.hidden = rows.length <= shown;
    more.textContent = `Show all ${number(rows.length)}`;
  }

  render();
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    make("table", { class: "data" }, make("caption", null, caption), make("thead", null, make("tr", null, heads)), body),
    more);
}

function compared(a, b) {
  return typeof a === "string" ? COLLATOR.compare(a, b) : a - b;
}
