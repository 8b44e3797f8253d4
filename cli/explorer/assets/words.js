// What all scripts share: one object, the template tag, how things are said, and which colour a component has.
"use strict";

var explorer = { html: htm.bind(preact.h) };

explorer.plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

explorer.classes = (...names) => names.filter(Boolean).join(" ");

// A long name may be divided where it has a joint.
explorer.breakable = (text) => text.split(/(?<=[(_,.])/).map((part, i) => explorer.html`${i > 0 && explorer.html`<wbr />`}${part}`);

// What a property says here, as a sign and a word: the sign alone, like a colour alone, would not do.
explorer.VALUES = {
  holds: ["✓", "holds"],
  violated: ["✗", "violated"],
  silent: ["–", "says nothing here"],
  shown: ["✓", "shown here"],
  "not shown": ["–", "not here"],
  waiting: ["–", "not judged here"],
  error: ["!", "cannot be judged"],
};

(() => {
  const PALETTE = 12; // colours in page.css
  let colours = new Map();

  // A component's colour is its place among all components of the spec; where that would be another's that is shown, the next free one.
  explorer.colourLanes = (info, shown) => {
    const place = (lane) => Math.max(0, info.lanes.indexOf(lane)) % PALETTE;
    colours = new Map(info.lanes.map((lane) => [lane, place(lane)]));
    const taken = new Set();
    for (const lane of [...new Set(shown)].sort((a, b) => info.lanes.indexOf(a) - info.lanes.indexOf(b))) {
      let colour = place(lane);
      for (let tries = 0; taken.has(colour) && tries < PALETTE; tries++) colour = (colour + 1) % PALETTE;
      taken.add(colour);
      colours.set(lane, colour);
    }
  };

  explorer.laneClass = (lane) => (colours.has(lane) ? `lane-${colours.get(lane)}` : "lane-none");
})();
