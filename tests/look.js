// What stands in the way of a reader of this page as it is shown now: a list of sentences.
(() => {
  const faults = [], root = document.documentElement, width = root.clientWidth;
  const said = (node) => `${node.tagName.toLowerCase()} "${node.textContent.trim().slice(0, 40)}"`;
  const shown = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  if (root.scrollWidth > width) {
    const scrolls = (node) => node !== document.body && (getComputedStyle(node).overflowX !== "visible" || scrolls(node.parentElement));
    const wide = [...document.body.querySelectorAll("*")].filter((node) => node.getBoundingClientRect().right > width + 0.5 && !scrolls(node.parentElement));
    faults.push(`overflow: ${root.scrollWidth} > ${width}, ${wide.slice(0, 3).map(said).join(", ")}`);
  }
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const parts = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (parts(colour)[3] > 0) return colour;
    }
    return "white";
  };
  const known = new Map(), texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !shown(node)) continue;
    seen += 1;
    const ink = node.closest("svg") ? getComputedStyle(node).fill : getComputedStyle(node).color, on = paper(node);
    if (!known.has(ink + on)) {
      const [one, other] = [light(ink), light(on)];
      known.set(ink + on, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
      if (known.get(ink + on) < 4.5) faults.push(`contrast ${known.get(ink + on).toFixed(2)}: ${said(node)}, ${ink} on ${on}`);
    }
  }
  if (seen < 10) faults.push(`text: ${seen} pieces are visible`);
  for (const node of document.querySelectorAll("h1, h2, h3, figcaption, summary")) {
    const box = node.getBoundingClientRect();
    if (shown(node) && !(node.innerText.trim() && box.width > 0 && box.height > 0)) faults.push(`empty: ${said(node)}`);
  }
  return faults;
})()
