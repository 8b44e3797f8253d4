// The cluster: etcd behind its API server, the components with queues, memory and informers, the nodes with their pods and kubelets.
"use strict";

(() => {
  const { html, classes, plural } = explorer;

  // Everything that is in a picture, by its place: `nodes/node-0/pods/pod-1/phase`. The elements of lists go by their names.
  function flat(value, path = "", found = new Map()) {
    if (Array.isArray(value)) {
      for (const item of value) {
        const key = `${path}/${item.name || item.label || item.kind || item}`;
        found.set(key, "there");
        if (typeof item === "object") flat(item, key, found);
      }
    } else if (value !== null && typeof value === "object") {
      for (const [name, inner] of Object.entries(value)) flat(inner, path ? `${path}/${name}` : name, found);
    } else found.set(path, String(value));
    return found;
  }

  // What differs from the picture before was changed by the last step.
  function marks(picture, before) {
    if (!before) return { changed: () => null, within: () => null, gone: () => [] };
    const now = flat(picture), old = flat(before);
    const differing = [...new Set([...now.keys(), ...old.keys()])].filter((key) => now.get(key) !== old.get(key));
    return {
      changed: (key) => (now.get(key) !== old.get(key) ? "changed" : null),
      within: (key) => (differing.some((other) => other === key || other.startsWith(`${key}/`)) ? "changed" : null),
      gone: (list) => [...old.keys()].filter((key) => key.startsWith(`${list}/`) && !key.slice(list.length + 1).includes("/") && !now.has(key))
        .map((key) => key.slice(list.length + 1)),
    };
  }

  const Revision = ({ number }) => (number > 0 ? html`<span class="revision-number" title="resourceVersion on this path">rv ${number}</span>` : null);

  const Kind = ({ kind, mark, revisions }) => {
    const list = `kinds/${kind.name}/objects`;
    const gone = mark.gone(list);
    return html`
      <div class="kind">
        <h4>${kind.name}</h4>
        ${kind.objects.length === 0 && gone.length === 0 && html`<p class="none">none</p>`}
        ${kind.objects.map((object) => {
          const isNew = mark.changed(`${list}/${object.name}`); // of a new object the whole is marked, not each field
          const changed = (fact) => !isNew && mark.changed(`${list}/${object.name}/facts/${fact.label}/value`);
          return html`
            <div class=${classes("object", isNew)} key=${object.name}>
              <span class="object-name">${object.name}</span> <${Revision} number=${revisions.objects[object.name] || 0} />
              ${object.facts.filter((fact) => !fact.quiet || fact.label.startsWith("spec.replicas") || fact.label.startsWith("status.")
                  || changed(fact)).map((fact) => html`
                <span class=${classes("fact", changed(fact))} key=${fact.label}>
                  <span class="label">${fact.label}</span> ${fact.value}</span>`)}
            </div>`;
        })}
        ${gone.map((name) => html`<div class="object changed gone" key=${name}><s>${name}</s> is gone</div>`)}
        ${kind.history.length > 0 && html`
          <details class="history"><summary>${plural(kind.history.length, "write")} that somebody has not seen</summary>
            <ol>${kind.history.map((write) => html`<li key=${write.back}>${write.name}, before it: ${write.before}</li>`)}</ol>
          </details>`}
      </div>`;
  };

  // One small box for each write that may be unseen: filled ones are.
  const Lag = ({ reader, changed, what, at }) => html`
    <div class=${classes("reader", changed, reader.behind > 0 && "behind")}>
      <span class="reader-name">${what} of ${reader.kind}</span>
      <span class="lag" aria-hidden="true">${Array.from({ length: reader.most }, (_, i) =>
        html`<span class=${classes("tick", i < reader.behind && "full")} key=${i}></span>`)}</span>
      <span class="lag-text">${at > 0 ? `at rv ${at}, ` : ""}${reader.behind === 0 ? "up to date" : `${plural(reader.behind, "write")} behind`}
        <small> of at most ${reader.most}</small></span>
      ${reader.differences.map((difference) => html`
        <p class="difference" key=${difference.name}><b>${difference.name}</b>: sees <i>${difference.sees}</i>; is <i>${difference.stored}</i></p>`)}
    </div>`;

  const Queue = ({ queue }) => html`
    <div class=${classes("queue", explorer.laneClass(queue.name))}>
      <span class="label" title="a key is queued whenever its sync would make a request">queue of the ${queue.name}</span>${" "}
      ${queue.keys.length === 0 && html`<span class="none">empty</span>`}
      ${queue.keys.map((key) => html`<span class=${classes("key", key.waits && "waits")} key=${key.name}>${key.name}</span>`)}
      ${[...new Set(queue.keys.map((key) => key.waits).filter(Boolean))].map((kind) => html`
        <p class="waiting" key=${kind}>${queue.keys.filter((key) => key.waits === kind).map((key) => key.name).join(", ")}: waiting, for somebody
          is as far behind in ${kind} as the scope allows</p>`)}
    </div>`;

  const Component = ({ component, mark, revisions }) => {
    const own = `components/${component.name}`;
    const changed = (fact) => mark.changed(`${own}/memory/${fact.label}/value`);
    const shown = component.memory.filter((fact) => !fact.quiet || changed(fact));
    const isServer = component.actors.length === 0;
    return html`
      <section class=${classes("box", "component")}>
        <h3>${component.title}</h3>
        ${component.served_by && html`<p class=${classes("served", mark.changed(`${own}/served_by`))}>watches at the ${component.served_by}</p>`}
        ${component.readers.map((reader) => html`<${Lag} key=${reader.kind} reader=${reader} what=${isServer ? "watch cache" : "informer"}
          at=${revisions.readers[`${component.name}/${reader.kind}`]} changed=${mark.changed(`${own}/readers/${reader.kind}/behind`)} />`)}
        ${component.readers.length === 0 && component.queues.length > 0 && html`<p class="none">its informers read through</p>`}
        ${component.queues.map((queue) => html`<${Queue} key=${queue.name} queue=${queue} />`)}
        ${shown.length > 0 && html`<dl class="facts">${shown.map((fact) => html`
          <div key=${fact.label} class=${changed(fact)}><dt>${fact.label}</dt><dd>${fact.value}</dd></div>`)}</dl>`}
        ${!isServer && component.queues.length === 0 && shown.length === 0 && html`<p class="none">nothing in hand</p>`}
      </section>`;
  };

  const Pod = ({ pod, changed }) => html`
    <div class=${classes("pod", pod.phase, pod.terminating && "terminating", changed)}>
      <span class="object-name">${pod.name}</span>
      <span class="phase">${pod.phase}${pod.terminating ? ", terminating" : ""}${pod.containers ? `, containers ${pod.containers}` : ""}</span>
      ${pod.owner && html`<span class="owner">${pod.owner}</span>`}
    </div>`;

  // What the kubelet has of a pod, which need not be what the API says.
  const Worker = ({ worker, changed }) => html`
    <div class=${classes("worker", !worker.stored && "strange", changed)}>
      <span class="object-name">${worker.name}</span>${worker.uid && html` <span class="label">UID ${worker.uid}</span>`}:${" "}
      ${worker.running ? "containers run" : "no containers"}${worker.ending ? ", is being ended" : ""}${
        worker.removing ? ", is about to be removed" : ""}${worker.known ? "" : ", unknown since the restart"}${
        worker.stored ? "" : "; etcd has no such pod here"}
    </div>`;

  const state = (node) => (!node.registered ? "not registered" : node.cut_off ? "cut off" : `${node.pods.length} of ${plural(node.room, "pod")}`);

  const Node = ({ node, mark, revisions }) => {
    const own = `nodes/${node.name}`;
    const gone = mark.gone(`${own}/workers`);
    const edge = mark.changed(`${own}/registered`) || mark.changed(`${own}/cut_off`);
    return html`
      <section class=${classes("box", "node", !node.registered && "absent", node.cut_off && "cut-off", edge)}>
        <h3>${node.name} <small>${state(node)}</small> <${Revision} number=${revisions.objects[node.name] || 0} /></h3>
        ${node.cut_off && html`<p class="note">cut off: its kubelet neither sees nor writes anything; what runs here goes on</p>`}
        <div class="pods">
          ${node.pods.length === 0 && html`<p class="none">no pods bound here</p>`}
          ${node.pods.map((pod) => html`<${Pod} key=${pod.name} pod=${pod} changed=${mark.within(`${own}/pods/${pod.name}`)} />`)}</div>
        ${(node.workers.length > 0 || gone.length > 0 || node.served_by) && html`
          <div class="kubelet"><h4>kubelet</h4>
            ${node.served_by && html`<p class=${classes("served", mark.changed(`${own}/served_by`))}>watches at the ${node.served_by}</p>`}
            ${node.reader && html`<${Lag} reader=${node.reader} what="informer" at=${revisions.readers[`${node.name}/${node.reader.kind}`]}
              changed=${mark.within(`${own}/reader`)} />`}
            ${node.workers.map((worker) => html`<${Worker} key=${worker.name} worker=${worker} changed=${mark.within(`${own}/workers/${worker.name}`)} />`)}
            ${gone.map((name) => html`<div class="worker changed gone" key=${name}><s>${name}</s> is forgotten</div>`)}
          </div>`}
      </section>`;
  };

  explorer.ClusterPicture = ({ view, before }) => {
    const { picture, revisions } = view;
    const mark = marks(picture, before && before.picture);
    return html`
      <section class="cluster" aria-labelledby="cluster-title">
        <h2 id="cluster-title" class="hidden">Cluster</h2>
        <section class="box etcd">
          <h3>API server and etcd <small>${revisions.latest > 0 ? `resourceVersion ${revisions.latest} on this path` : "no write on this path yet"}</small></h3>
          ${picture.notes.map((note) => html`<p class=${classes("note", mark.changed(`notes/${note}`))} key=${note}>${note}</p>`)}
          <div class="kinds">${picture.kinds.map((kind) => html`<${Kind} key=${kind.name} kind=${kind} mark=${mark} revisions=${revisions} />`)}</div>
        </section>
        <div class="components">${picture.components.map((component) => html`
          <${Component} key=${component.name} component=${component} mark=${mark} revisions=${revisions} />`)}</div>
        <div class="nodes">
          ${picture.unbound.length > 0 && html`
            <section class="box unbound"><h3>not bound to a node</h3><div class="pods">
              ${picture.unbound.map((pod) => html`<${Pod} key=${pod.name} pod=${pod} changed=${mark.within(`unbound/${pod.name}`)} />`)}</div></section>`}
          ${picture.nodes.map((node) => html`<${Node} key=${node.name} node=${node} mark=${mark} revisions=${revisions} />`)}
        </div>
        ${picture.budgets.length > 0 && html`
          <p class="budgets"><span class="label">has happened, of what may in this scope:</span>
            ${picture.budgets.map((budget) => html`<span class=${classes("budget", mark.changed(`budgets/${budget.label}/used`))} key=${budget.label}>
              ${budget.label} ${budget.used}/${budget.most}</span>`)}</p>`}
      </section>`;
  };
})();
