/** @file General matrix products, as BLAS has them, with the shapes of layers in mind. */
import { axpby, fill } from "./elementwise";
import { setSource } from "./pack";
import { product } from "./product";

/** C = alpha op(A) op(B) + beta C; see `Engine.gemm`. */
export function gemm(
  control: usize, packed: usize, isATransposed: bool, isBTransposed: bool, M: i32, N: i32, K: i32,
  alpha: f32, a: usize, b: usize, beta: f32, c: usize,
): void {
  if (M == 0 || N == 0) return;
  if (K == 0 || alpha == 0) {
    if (beta == 0) fill(control, M * N, 0, c);
    else if (beta != 1) axpby(control, M * N, beta, c, 0, c);
    return;
  }
  if (beta != 0 && beta != 1) axpby(control, M * N, beta, c, 0, c);
  const lda = 4 * <usize>(isATransposed ? M : K);
  const ldb = 4 * <usize>(isBTransposed ? K : N);
  const accumulate = beta != 0;
  const ldc = 4 * <usize>N;
  if (isBTransposed && N > M) {
    // C^T = B A^T: the larger operand, the weights, is read where it lies.
    setSource(control, a, isATransposed ? lda : 4, isATransposed ? 4 : lda, 0, 0);
    product(control, N, M, K, alpha, b, ldb, false, packed, c, ldc, true, accumulate, 0);
  } else {
    setSource(control, b, isBTransposed ? 4 : ldb, isBTransposed ? ldb : 4, 0, 0);
    product(control, M, N, K, alpha, a, lda, isATransposed, packed, c, ldc, false, accumulate, 0);
  }
}
