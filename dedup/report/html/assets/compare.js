// Two texts side by side, paragraph by paragraph, with what differs marked.

const [SAME, CHANGED, CUT, ADDED, MOVED, NUMBERS] = [0, 1, 2, 3, 4, 5];
const MARKS = {
  [CHANGED]: ["mark", "changed", "changed"],
  [CUT]: ["del", "cut", "cut"],
  [ADDED]: ["ins", "added", "added"],
  [MOVED]: ["mark", "moved", "moved"],
  [NUMBERS]: ["strong", "numbers", "changed number"],
};
const NUMBER = /\p{Nd}+(?:[.,:]\p{Nd}+)*/gu;
const NUMBERS_LISTED = 12;
const EXCHANGED = 24; // characters of a change that is a number and little else

/** Segments as objects, with their texts. */
function segmentsOf(pair, left, right) {
  const flat = pair.segments;
  const found = [];
  for (let at = 0; at < flat.length; at += 5) {
    found.push({
      kind: flat[at], rightStart: flat[at + 3],
      left: left.slice(flat[at + 1], flat[at + 2]), right: right.slice(flat[at + 3], flat[at + 4]),
    });
  }
  return found;
}

/** Rows of paragraphs: [{ left: [[kind, text]], right: [[kind, text]] }].

    Segments come in the order of the left text. A passage that moved stands on the left where it
    was and on the right where it is, so its right half waits for its place. */
function paragraphRows(segments) {
  const rows = [{ left: [], right: [] }];
  const isOpen = () => rows[rows.length - 1].left.length || rows[rows.length - 1].right.length;
  const endRow = () => { if (isOpen()) rows.push({ left: [], right: [] }); };
  const add = (kind, left, right) => {
    piecesOf(kind, left, right, isOpen()).forEach(([a, b], at) => {
      if (at) endRow();
      const row = rows[rows.length - 1];
      if (a) row.left.push([kind, a, right]);
      if (b) row.right.push([kind, b, left]);
    });
  };
  const onRight = segments.filter((one) => one.right).sort((a, b) => a.rightStart - b.rightStart);
  let next = 0;
  for (const one of segments) {
    if (one.kind === MOVED) {
      add(MOVED, one.left, "");
      continue;
    }
    while (one.right && next < onRight.length && onRight[next] !== one) {
      if (onRight[next].kind === MOVED) add(MOVED, "", onRight[next].right);
      next += 1;
    }
    if (one.right) next += 1;
    add(one.kind, one.left, one.right);
  }
  for (; next < onRight.length; next += 1) if (onRight[next].kind === MOVED) add(MOVED, "", onRight[next].right);
  return rows.filter((row) => row.left.length || row.right.length);
}

/** The halves of a segment cut where either text begins a paragraph: [[left, right]]; `isOpen`: within a row. */
function piecesOf(kind, left, right, isOpen) {
  if (!left || !right) return (left || right).split("\n").map((piece) => (left ? [piece, ""] : ["", piece]));
  const [mine, theirs] = [wordsIn(left), wordsIn(right)];
  if (kind === SAME && mine.length === theirs.length) {
    // Word for word the same, though one may know paragraphs and the other none.
    const pieces = [["", ""]];
    mine.forEach((word, at) => {
      if ((word + theirs[at]).includes("\n")) pieces.push([word.trim(), theirs[at].trim()]);
      else {
        pieces[pieces.length - 1][0] += word;
        pieces[pieces.length - 1][1] += theirs[at];
      }
    });
    return pieces;
  }
  // Both go on with what stands before and behind, so first meets first and last meets last.
  const sides = [left, right].map((text) => text.split("\n"));
  const [least, most] = sides.map((pieces) => pieces.length).sort((a, b) => a - b);
  if (least === 1 && most > 1 && isOpen) return [[left, right]]; // within one paragraph of either
  const [lefts, rights] = sides.map((pieces) =>
    [...(pieces.length > 1 ? pieces.slice(0, -1) : []), ...new Array(most - pieces.length).fill(""), pieces.at(-1)]);
  return lefts.map((piece, at) => [piece, rights[at]]);
}

/** Words with the blanks before them; blanks at the end are an empty word of their own. */
function wordsIn(text) {
  return text.match(/\s*\S+|\s+$/gu) || [];
}

function fragment([kind, text, other]) {
  if (kind === SAME) return make("span", { class: "same" }, text);
  // Blanks around a passage are not part of what is marked.
  const [, before, said, after] = text.match(/^(\s*)([^]*?)(\s*)$/);
  if (!said) return text;
  const [tag, name, word] = MARKS[kind === NUMBERS ? CHANGED : kind];
  const inner = kind === NUMBERS ? withNumbers(said, other) : said;
  return [before, make(tag, { class: name }, heard(`[${word}: `), inner, heard("]")), after];
}

/** The numbers of a text by their digits: 1,000 is 1000, as the words are compared. */
const digits = (found) => found.replace(/\P{Nd}/gu, "");
const digitsOf = (text) => (text.match(NUMBER) || []).map(digits);

/** A changed passage with the numbers marked that the other side of the change lacks. */
function withNumbers(text, other) {
  const theirs = new Set(digitsOf(other));
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(NUMBER)) {
    if (theirs.has(digits(found[0]))) continue;
    parts.push(text.slice(end, found.index),
      make("strong", { class: "numbers" }, heard("number "), found[0]));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}

function textTable(rows, leftHead, rightHead, titled) {
  return make("table", { class: "texts" },
    make("caption", { class: "heard" }, "The two texts, one paragraph a row"),
    make("thead", null, make("tr", null, make("th", { scope: "col" }, leftHead), make("th", { scope: "col" }, rightHead))),
    make("tbody", null, rows.map((row, at) => make("tr", { class: at || !titled ? null : "headline" },
      [row.left, row.right].map((side) => make("td", { class: side.length ? null : "nothing" },
        side.length ? feed(side.map(fragment)) : heard("nothing here")))))));
}

/** How much the two share and what kinds of differences there are. */
function differences(pair, segments) {
  const tally = (...kinds) => segments.filter((one) => kinds.includes(one.kind) && (one.left + one.right).trim()).length;
  const said = [
    [CUT, tally(CUT), "cut"], [ADDED, tally(ADDED), "addition"], [CHANGED, tally(CHANGED, NUMBERS), "change"],
    [NUMBERS, tally(NUMBERS), "with changed numbers", "with changed numbers"], [MOVED, tally(MOVED), "moved passage"],
  ].filter(([, n]) => n).map(([kind, n, one, many]) => {
    const [tag, name] = MARKS[kind];
    return make("li", null, make(tag, { class: name }, count(n, one, many)));
  });
  return [
    make("p", null, `${percent(pair.shared_words, pair.left_words)} of the ${count(pair.left_words, "word")} on the left `
      + `and ${percent(pair.shared_words, pair.right_words)} of the ${number(pair.right_words)} on the right are shared.`),
    make("ul", { class: "marks", "aria-label": "Marks" }, make("li", null, make("span", { class: "same" }, "shared")), said),
    numbersSaid(segments),
  ];
}

/** Numbers that were exchanged for others, and those that only one of the texts has. */
function numbersSaid(segments) {
  const changed = segments.filter((one) => one.kind === NUMBERS);
  const isShort = (one) => Math.max(one.left.trim().length, one.right.trim().length) <= EXCHANGED;
  const swaps = changed.filter(isShort).map((one) => `${one.left.trim()} → ${one.right.trim()}`);
  const all = (side) => new Set(segments.flatMap((one) => digitsOf(one[side])));
  const [lefts, rights] = [all("left"), all("right")];
  const only = (side, others) => [...new Set(changed.filter((one) => !isShort(one))
    .flatMap((one) => one[side].match(NUMBER) || []))].filter((found) => !others.has(digits(found)));
  const listed = (found) => feed(found.slice(0, NUMBERS_LISTED).join("; ") + (found.length > NUMBERS_LISTED ? " …" : ""));
  const parts = [["exchanged: ", swaps], ["only on the left: ", only("left", rights)], ["only on the right: ", only("right", lefts)]]
    .filter(([, found]) => found.length);
  if (!parts.length) return "";
  return make("p", { class: "numbers-list" }, "Numbers ",
    parts.map(([words, found], at) => [at ? "; " : "", words, make("strong", null, listed(found))]));
}

/** The comparison of two members of a cluster, by their places in it. */
function comparison(details, left, right, leftHead, rightHead) {
  const [a, b] = [details.text[left], details.text[right]];
  if (a < 0 || b < 0) {
    return make("p", { class: "note" }, report.about.text === "none"
      ? "This report was made without texts (--html-text none)."
      : "The text is not in this file, to keep it small; --html-text all puts every text in.");
  }
  const shortened = [left, right].some((place) => details.shortened.includes(place))
    ? make("p", { class: "note" }, `Compared are the first ${number(report.about.excerpt)} characters; --html-text all compares whole texts.`) : "";
  // The first line is the headline; it is empty where there is none.
  const titled = [a, b].some((text) => !details.texts[text].startsWith("\n"));
  if (a === b) {
    const rows = details.texts[a].split("\n").map((line) => ({ left: [[SAME, line]], right: [[SAME, line]] }));
    if (!titled) rows.shift();
    return [make("p", null, "The two texts are equal."), shortened, textTable(rows, leftHead, rightHead, titled)];
  }
  const pair = details.pairs[`${a}-${b}`];
  if (!pair) return make("p", { class: "note" }, "These two are not compared in this report.");
  const segments = segmentsOf(pair, details.texts[a], details.texts[b]);
  return [differences(pair, segments), shortened, textTable(paragraphRows(segments), leftHead, rightHead, titled)];
}
