// Data blocks: base64 of zlib-packed JSON, in script elements of a type no browser runs.

const SIZE_ID = "size";
const unpacked = new Map();

/** The bytes that a base64 text stands for. */
function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const raw = atob(base64);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
  return bytes;
}

/** Resolves when the whole file has been read; details stand behind the script. */
function wholeFile() {
  if (document.readyState !== "loading") return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("DOMContentLoaded", resolve, { once: true });
  });
}

/** The value in a block. */
async function unpack(id) {
  let element = document.getElementById(id);
  // A block that is only partly read has text too: the element behind it says that it is whole.
  if (!element || !element.nextElementSibling) {
    await wholeFile();
    element = document.getElementById(id);
  }
  const packed = new Blob([bytesOf(element.textContent)]);
  const stream = packed.stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

/** The details of a cluster; the block it stands in is decoded once. */
async function detailsOf(cluster) {
  const id = `details-${cluster.chunk}`;
  if (!unpacked.has(id)) unpacked.set(id, unpack(id));
  return (await unpacked.get(id))[cluster.index];
}

/** The size of this file in bytes, as it was written. */
async function sizeOfFile() {
  await wholeFile();
  return Number(document.getElementById(SIZE_ID).textContent);
}
