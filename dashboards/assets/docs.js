/* Shows /api/openapi.json; loads nothing else. Runs on /api/docs only. */
(() => {
  const root = document.getElementById("docs");
  if (!root) return;

  const add = (parent, tag, text, cls) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (cls) node.className = cls;
    parent.append(node);
    return node;
  };
  const typeOf = (schema) => {
    if (!schema) return "";
    if (schema.$ref) return schema.$ref.split("/").pop();
    const any = schema.anyOf || schema.oneOf;
    if (any) return any.map(typeOf).join(" or ");
    if (schema.enum) return schema.enum.join(" | ");
    if (schema.type === "array") return "list of " + (typeOf(schema.items) || "anything");
    return schema.type || "";
  };
  const table = (parent, head, rows) => {
    const t = add(parent, "table");
    const h = add(add(t, "thead"), "tr");
    head.forEach((name) => add(h, "th", name));
    const body = add(t, "tbody");
    rows.forEach((row) => {
      const tr = add(body, "tr");
      row.forEach((cell) => add(tr, "td", cell));
    });
  };
  const fields = (schema) => {
    const needed = schema.required || [];
    return Object.entries(schema.properties || {}).map(([name, one]) => [
      name, typeOf(one), needed.includes(name) ? "yes" : "", one.description || "",
    ]);
  };
  const route = (parent, path, verb, one) => {
    const box = add(parent, "details");
    const line = add(box, "summary");
    add(line, "span", verb.toUpperCase(), "verb");
    add(line, "code", "/api" + path);
    add(line, "span", (one.description || "").split("\n")[0], "about");
    const inside = add(box, "div", undefined, "inside");
    const params = (one.parameters || []).map((p) => [
      p.name, typeOf(p.schema), p.required ? "yes" : "", p.description || "",
    ]);
    if (params.length) table(inside, ["parameter", "type", "required", "meaning"], params);
    const body = one.requestBody?.content?.["application/json"]?.schema;
    if (body) add(inside, "p", "Body: " + typeOf(body));
    const send = body ? " -H 'Content-Type: application/json' -d @body.json" : "";
    const how = verb === "get" ? "" : " -X " + verb.toUpperCase();
    add(inside, "pre", `curl -s${how} '${location.origin}/api${path}'${send}`);
  };

  fetch("openapi.json").then((answer) => answer.json()).then((api) => {
    root.replaceChildren();
    add(root, "h1", api.info.title + " · API " + api.info.version);
    api.info.description.split("\n\n").forEach((part) => add(root, "p", part, "about"));
    add(root, "a", "openapi.json").href = "openapi.json";
    const groups = {};
    Object.entries(api.paths).forEach(([path, verbs]) => {
      Object.entries(verbs).forEach(([verb, one]) => {
        const tag = (one.tags || ["other"])[0];
        (groups[tag] = groups[tag] || []).push([path, verb, one]);
      });
    });
    Object.entries(groups).forEach(([tag, routes]) => {
      add(root, "h2", tag);
      routes.forEach(([path, verb, one]) => route(root, path, verb, one));
    });
    add(root, "h2", "bodies");
    Object.entries(api.components?.schemas || {}).forEach(([name, schema]) => {
      const box = add(root, "details");
      add(add(box, "summary"), "code", name);
      const inside = add(box, "div", undefined, "inside");
      add(inside, "p", schema.description || "", "about");
      table(inside, ["field", "type", "required", "meaning"], fields(schema));
    });
  }).catch((error) => { root.textContent = "The description could not be read: " + error; });
})();
