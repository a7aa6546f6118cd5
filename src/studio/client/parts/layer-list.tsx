/** @file "Visualizations and statistics": each layer's weights and activations, numbers beside tiles. */
import type { ShownArray, ShownLayer } from "../../test-types.ts";
import { grouped, short } from "../lib/format.ts";
import { marksOf, tileScale } from "../lib/layer-view.ts";

export function LayerList({ layers }: { layers: readonly ShownLayer[] }) {
  const total = layers.reduce((sum, { parameters }) => sum + parameters, 0);
  const dead = layers.filter((layer) => marksOf(layer).some(({ isDead }) => isDead));
  return (
    <section class="layers-view" aria-label="Visualizations and statistics">
      <h3>Visualizations and statistics</h3>
      <p class="soft">
        {layers.length} layers, {grouped(total)} learned parameters. Tiles of weights: blue is
        negative, white zero, red positive. Tiles of activations: dark is the lowest value of the
        layer, yellow the highest.
      </p>
      {dead.length > 0 && (
        <p class="banner bad">
          Dead: {dead.map(({ name }) => name).join(", ")}. A layer of nothing but zeros passes
          nothing on; weights that start at 0 are the usual reason, a learning rate that was too
          high the next.
        </p>
      )}
      <ol class="layer-cards">
        {layers.map((layer) => (
          <LayerCard key={layer.name} layer={layer} />
        ))}
      </ol>
    </section>
  );
}

function LayerCard({ layer }: { layer: ShownLayer }) {
  const marks = marksOf(layer);
  return (
    <li class="card">
      <div class="card-head">
        <strong>
          {layer.name} <span class="soft">{layer.type}</span>
        </strong>
        {layer.parameters > 0 && (
          <span class="soft">{grouped(layer.parameters)} learned parameters</span>
        )}
      </div>
      {marks.map(({ text, isDead }) => (
        <p key={text} class={isDead ? "mark dead" : "mark"}>
          {text}
        </p>
      ))}
      {layer.weights && <ArrayRow title="Weights" array={layer.weights} />}
      {layer.activations.map((array) => (
        <ArrayRow key={array.blob} title={titleOf(layer.name, array)} array={array} />
      ))}
    </li>
  );
}

function titleOf(layer: string, { blob, changedBy }: ShownLayer["activations"][number]): string {
  const name = blob === layer ? "Activation" : `Activation ${blob}`;
  return changedBy.length > 0 ? `${name}, after ${changedBy.join(", ")}` : name;
}

function ArrayRow({ title, array }: { title: string; array: ShownArray }) {
  const { shape, statistics, tiles } = array;
  return (
    <div class="array-row">
      <div>
        <h4>{title}</h4>
        <dl>
          <Entry name="Shape" value={shape.join(" × ") || "1"} />
          <Entry name="Mean" value={short(statistics.mean)} />
          <Entry name="Std deviation" value={short(statistics.std)} />
          <Entry name="Min to max" value={`${short(statistics.min)} to ${short(statistics.max)}`} />
        </dl>
        <Histogram array={array} />
      </div>
      {tiles && (
        <figure>
          <img
            src={`data:image/png;base64,${tiles.png}`}
            alt={`${title}: ${tiles.shown} of ${tiles.of} tiles`}
            width={tiles.width * tileScale(tiles)}
            height={tiles.height * tileScale(tiles)}
          />
          {tiles.shown < tiles.of && (
            <figcaption>
              the first {tiles.shown} of {grouped(tiles.of)}
            </figcaption>
          )}
        </figure>
      )}
    </div>
  );
}

function Entry({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** How many values lie where, from the smallest to the largest. */
function Histogram({ array: { statistics } }: { array: ShownArray }) {
  const { histogram, min, max } = statistics;
  if (min === max) return null;
  const most = Math.max(...histogram);
  const middle = (min + max) / 2;
  return (
    <figure class="histogram">
      <svg
        viewBox={`0 0 ${histogram.length} 10`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Histogram from ${short(min)} to ${short(max)}`}
      >
        {histogram.map((count, i) => {
          const height = count === 0 ? 0 : Math.max(0.3, (count / most) * 10);
          return <rect key={i} x={i + 0.05} y={10 - height} width={0.9} height={height} />;
        })}
      </svg>
      <figcaption>
        <span>{short(min)}</span>
        <span>{short(middle)}</span>
        <span>{short(max)}</span>
      </figcaption>
    </figure>
  );
}
