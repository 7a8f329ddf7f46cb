pragma circom 2.0.0;

// A small circuit that is none of ours: x is a root of x^3 + x + 5 = out, and some bits.
template Cubic() {
    signal input x;
    signal input unused;
    signal output out;
    signal square;
    signal bits[8];
    var sum = 0;
    for (var i = 0; i < 8; i++) {
        bits[i] <-- (x >> i) & 1;
        bits[i] * (bits[i] - 1) === 0;
        sum += bits[i] * (1 << i);
    }
    sum === x;
    square <== x * x;
    out <== square * x + x + 5;
}

component main {public [unused]} = Cubic();
