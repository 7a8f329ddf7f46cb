// Points, packing, signatures and shared keys.
import { createRequire } from "node:module";

import { generateEcdhSharedKey, hash5 } from "@maci-protocol/crypto";
import { addPoint, Base8, mulPointEscalar, packPoint, unpackPoint } from "@zk-kit/baby-jubjub";
import { buildBabyjub, buildEddsa } from "circomlibjs";

import { below, bits256, element, L, P } from "./draw.mjs";

// The package's ES module does not load in Node 20; MACI requires it too.
const { derivePublicKey, deriveSecretScalar, signMessage, verifySignature } = createRequire(import.meta.url)("@zk-kit/eddsa-poseidon");

const ORDER_8 = [
  17545522957889784193459637215142187266023652151580582754000402781682644312291n,
  4826523245007015323400664741523384119579596407052839571721035538011798951543n,
];
/** The eight points of the torsion subgroup. */
const torsion = Array.from({ length: 8 }, (_, i) => mulPointEscalar(ORDER_8, BigInt(i)));

/** Multiples of Base8 and of points of every order; packed forms and refusals. */
export const points = async () => {
  const curve = await buildBabyjub();
  const toCurve = (point) => point.map((c) => curve.F.e(c));
  const fromCurve = (point) => point.map((c) => curve.F.toObject(c));
  const scalars = [0n, 1n, 2n, 8n, L - 1n, below("scalar", L), below("scalar", L), below("scalar", L)];
  const bases = [Base8, ...torsion, ...torsion.map((t) => addPoint(mulPointEscalar(Base8, below("base", L)), t))];
  const multiples = [];
  for (const point of bases) {
    for (const scalar of scalars) {
      multiples.push({ point, scalar, product: fromCurve(curve.mulPointEscalar(toCurve(point), scalar)) });
    }
  }
  const packed = [...bases, ...Array.from({ length: 8 }, () => mulPointEscalar(Base8, below("packed", L)))].map(
    (point) => ({ point, packed: packPoint(point) }),
  );
  const unpacked = Array.from({ length: 24 }, () => bits256("unpack") % (P + 2n ** 255n)).map((integer) => {
    // The package reads y in [p, 2^255) too, which decision D10 leaves to log data; here it is refused.
    const y = integer % 2n ** 255n;
    const point = y < P ? unpackPoint(integer) : null;
    return { packed: integer, point };
  });
  return { multiples, packed, unpacked };
};

/**
 * Signatures by both packages and the verdict of decision D6 on changed ones. `upstream` is zk-kit's verdict: it
 * differs for keys of low order, which D6 refuses, and nowhere else.
 */
export const signatures = async () => {
  const eddsa = await buildEddsa();
  const { F } = eddsa.babyJub;
  const raws = [0n, 1n, 2n, 3n, 4n, 10n ** 80n, bits256("raw"), bits256("raw"), bits256("raw")];
  const signed = raws.flatMap((raw) =>
    [0n, 1n, P - 1n, element("message")].map((message) => {
      const signature = signMessage(raw.toString(), message);
      const other = eddsa.signPoseidon(Buffer.from(raw.toString()), F.e(message));
      if (F.toObject(other.R8[0]) !== signature.R8[0] || other.S !== signature.S) {
        throw new Error("the packages sign differently");
      }
      return { raw, message, public_key: derivePublicKey(raw.toString()), r8: signature.R8, s: signature.S };
    }),
  );
  const verdicts = [];
  const judge = (name, publicKey, r8, s, message, expected) => {
    let upstream = false;
    try {
      upstream = verifySignature(message, { R8: r8, S: s }, publicKey);
    } catch {
      upstream = false;
    }
    verdicts.push({ name, public_key: publicKey, r8, s, message, upstream, expected });
  };
  const { public_key: a, r8, s, message } = signed[signed.length - 1];
  judge("as signed", a, r8, s, message, true);
  judge("another message", a, r8, s, (message + 1n) % P, false);
  judge("another key", signed[0].public_key, r8, s, message, false);
  judge("s + 1", a, r8, s + 1n, message, false);
  for (let k = 1n; k < 8n; k += 1n) judge(`s + ${k}l`, a, r8, s + k * L, message, false);
  judge("negated r8", a, [P - r8[0], r8[1]], s, message, false);
  judge("off-curve r8", a, [r8[0], (r8[1] + 1n) % P], s, message, false);
  judge("off-curve key", [(a[0] + 1n) % P, a[1]], r8, s, message, false);
  torsion.slice(1).forEach((t, i) => {
    judge(`r8 with torsion ${i + 1}`, a, addPoint(r8, t), s, message, false);
    judge(`key with torsion ${i + 1}`, addPoint(a, t), r8, s, message, false);
  });
  // Signed for A + T: the equation sees 8(A + T) = 8A.
  torsion.forEach((t, i) => {
    const twisted = addPoint(a, t);
    const nonce = below("nonce", L);
    const point = mulPointEscalar(Base8, nonce);
    const challenge = hash5([...point, ...twisted, message]);
    const response = (nonce + challenge * 8n * BigInt(deriveSecretScalar(raws.at(-1).toString()))) % L;
    judge(`signed for a key with torsion ${i}`, twisted, point, response, message, true);
  });
  // A key of low order: R8 = S·Base8 satisfies the equation for every message.
  const free = below("low order", L);
  torsion.forEach((t, i) => {
    judge(`low-order key ${i}`, t, mulPointEscalar(Base8, free), free, message, false);
  });
  return { signed, verdicts };
};

/** Keys shared over points of every order. */
export const sharedKeys = () => {
  const cases = [];
  for (const raw of [2n, bits256("ecdh raw"), bits256("ecdh raw")]) {
    const honest = Array.from({ length: 3 }, () => mulPointEscalar(Base8, below("ephemeral", L)));
    for (const point of [...honest, ...torsion, ...torsion.map((t) => addPoint(honest[0], t))]) {
      cases.push({ raw, point, shared: generateEcdhSharedKey(raw, point) });
    }
  }
  return { cases };
};
