/** @file What a page says that no longer hears of the server. */

export function Disconnected() {
  return (
    <p class="banner note" role="status">
      The studio does not answer; trying again ...
    </p>
  );
}
