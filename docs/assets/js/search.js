// The theme asks for the search index, the largest file of the site, on every page. It waits here until the reader turns to the search.
(() => {
  const SEARCH = "#__search, [data-md-component=search-query]";
  const { open, send } = XMLHttpRequest.prototype;
  const highlights = new URLSearchParams(location.search).has("h"); // reached from a hit: the theme marks its words
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.waits = !highlights && url.endsWith("search/search_index.json");
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (!this.waits) return send.call(this, body);
    const kinds = ["focusin", "change", "keyup"];
    const go = event => {
      if (!event.target.matches(SEARCH)) return;
      for (const kind of kinds) removeEventListener(kind, go, true);
      send.call(this, body);
    };
    for (const kind of kinds) addEventListener(kind, go, true);
  };
})();
