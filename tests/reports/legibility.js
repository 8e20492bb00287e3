// Lists what cannot be read below `root`: too little contrast (WCAG 2.2 AA, 1.4.3: 4.5 to 1, and 3 to 1 for large text),
// texts that are cut, words of headings and figures and options of commands that are broken, labels of charts outside
// their chart or below 9 pixels, and what lies off the screen where nothing scrolls.
(root) => {
  const top = document.querySelector(root);
  const bad = [];
  const said = (node) => node.textContent.trim().slice(0, 40);

  const colour = (text) => {
    const parts = (text.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    const scale = text.startsWith("color(srgb") ? 255 : 1;
    return [parts[0] * scale, parts[1] * scale, parts[2] * scale, parts[3] === undefined ? 1 : parts[3]];
  };
  const over = (above, below) => [0, 1, 2].map((i) => above[i] * above[3] + below[i] * (1 - above[3])).concat(1);
  const canvas = () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    return dark && getComputedStyle(document.documentElement).colorScheme.includes("dark")
      ? [18, 18, 18, 1] : [255, 255, 255, 1];
  };
  const ground = (node) => {
    const layers = [];
    for (let one = node; one; one = one.parentElement) layers.unshift(colour(getComputedStyle(one).backgroundColor));
    return layers.reduce((below, above) => over(above, below), canvas());
  };
  const light = (rgb) => {
    const linear = rgb.slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrast = (one, other) => {
    const [brighter, darker] = [light(one), light(other)].sort((a, b) => b - a);
    return (brighter + 0.05) / (darker + 0.05);
  };
  const scrolls = (node) => {
    for (let one = node; one; one = one.parentElement) {
      if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(one).overflowX)) return true;
    }
    return false;
  };

  const texts = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
  const seen = new Set();
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || seen.has(node)) continue;
    seen.add(node);
    if (node.closest(".skip, [aria-hidden=true], script, style, title")) continue;
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    const style = getComputedStyle(node);
    const drawing = node.closest("svg");
    const below = ground(drawing ? drawing.parentElement : node);
    const ratio = contrast(over(colour(drawing ? style.fill : style.color), below), below);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const name = `<${node.tagName.toLowerCase()} class="${node.getAttribute("class") || ""}">`;
    if (ratio < (large ? 3 : 4.5)) bad.push(`contrast ${ratio.toFixed(2)} ${name} ${said(node)}`);
    if (style.textOverflow === "ellipsis" && node.scrollWidth > node.clientWidth + 1) bad.push(`cut ${said(node)}`);
    if (!scrolls(node) && (box.right > innerWidth + 1 || box.left < -1)) bad.push(`off screen ${name} ${said(node)}`);
  }
  const words = document.createTreeWalker(top, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const node = words.currentNode;
    const short = node.parentElement.closest("th, .num, h1, h2, h3, button, .state");
    for (const word of node.textContent.matchAll(short ? /[\p{L}\p{N}.,%]{2,}/gu : /(?<!\S)--\w[\w-]*/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter((box) => box.width);
      if (boxes.length && boxes.some((box) => Math.abs(box.top - boxes[0].top) > 4)) bad.push(`word broken ${word[0]}`);
    }
  }
  for (const label of top.querySelectorAll("svg text")) {
    const frame = label.closest("svg").getBoundingClientRect();
    const box = label.getBoundingClientRect();
    const inside = box.left >= frame.left - 1 && box.right <= frame.right + 1
      && box.top >= frame.top - 1 && box.bottom <= frame.bottom + 1;
    if (box.width && !inside) bad.push(`label cut ${label.textContent}`);
    const size = parseFloat(getComputedStyle(label).fontSize) * label.getScreenCTM().d;
    if (box.width && size < 9) bad.push(`label of ${size.toFixed(1)} pixels ${label.textContent}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) bad.push(`page ${document.documentElement.scrollWidth} wide`);
  return bad;
}
