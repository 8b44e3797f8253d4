// What all scripts share: one object, the template tag, and how things are said.
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

// A component's colour is its place among all components of the spec.
explorer.laneClass = (info, lane) => {
  const place = info.lanes.indexOf(lane);
  return place < 0 ? "lane-none" : `lane-${place % 8}`;
};
