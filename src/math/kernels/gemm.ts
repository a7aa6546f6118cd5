/** @file General matrix products, as BLAS has them, with the shapes of layers in mind. */
import { axpby, fill } from "./elementwise";
import { setSource } from "./pack";
import { product } from "./product";
import { SKINNY_ROWS, skinnyProduct } from "./skinny";

/** Up to so many rows, packing the larger operand costs more than writing C across. */
const FEW_ROWS = 128;

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
  const accumulate = beta != 0;
  const lda = 4 * <usize>(isATransposed ? M : K);
  const ldb = 4 * <usize>(isBTransposed ? K : N);
  const ldc = 4 * <usize>N;
  // Bytes from row to row and from column to column of op(A) and op(B).
  const aRow = isATransposed ? 4 : lda, aColumn = isATransposed ? lda : 4;
  const bRow = isBTransposed ? 4 : ldb, bColumn = isBTransposed ? ldb : 4;
  if (!isBTransposed && M <= SKINNY_ROWS && M <= N) {
    skinnyProduct(control, M, N, K, alpha, a, aRow, aColumn, b, ldb, c, ldc, false, accumulate);
  } else if (isATransposed && N <= SKINNY_ROWS && N <= M) {
    // C^T = B^T A
    skinnyProduct(control, N, M, K, alpha, b, bColumn, bRow, a, lda, c, ldc, true, accumulate);
  } else if (isBTransposed && M < N && M <= FEW_ROWS && M <= K) {
    // C^T = B A^T: the larger operand, the weights, is read where it lies.
    setSource(control, a, aColumn, aRow, 0, 0);
    product(control, N, M, K, alpha, b, ldb, false, packed, c, ldc, true, accumulate, 0);
  } else {
    setSource(control, b, bRow, bColumn, 0, 0);
    product(control, M, N, K, alpha, a, lda, isATransposed, packed, c, ldc, false, accumulate, 0);
  }
}
