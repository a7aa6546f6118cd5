/** @file The layers of a network as a table: shapes, parameters, and the nets that they are part of. */
import type { CheckedLayer } from "../../api-types.ts";
import { grouped } from "../lib/format.ts";

interface LayerTableProps {
  readonly layers: readonly CheckedLayer[];
  /** Called with the line of a layer that was chosen. */
  readonly onChoose: (line: number) => void;
}

export function LayerTable({ layers, onChoose }: LayerTableProps) {
  return (
    <section
      class="scroll layers"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label="Layers of the network"
    >
      <table>
        <thead>
          <tr>
            <th>Layer</th>
            <th>Type</th>
            <th>Output</th>
            <th class="number">Parameters</th>
            <th>In</th>
          </tr>
        </thead>
        <tbody>
          {layers.map(({ name, type, tops, parameters, states, line }) => (
            <tr key={name + states.join()}>
              <td>
                {line === undefined ? (
                  name
                ) : (
                  <button type="button" class="link" onClick={() => onChoose(line)}>
                    {name}
                  </button>
                )}
              </td>
              <td>{type}</td>
              <td>{tops.map(({ shape }) => shapeText(shape)).join(", ")}</td>
              <td class="number">{parameters > 0 ? grouped(parameters) : ""}</td>
              <td>{states.length === 3 ? "all" : states.join(", ") || "none"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function shapeText(shape: readonly number[] | undefined): string {
  return shape === undefined ? "?" : shape.join(" × ") || "1";
}
