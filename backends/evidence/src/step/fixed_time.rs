//! The instructions that may work on secrets.

use iced_x86::Mnemonic::{self, *};

/// Instructions that take the same time whatever the values of their operands: moves, logic, sums, shifts, selections, permutations of
/// vectors, rounds of AES, multiplications. Moves of strings take as long as the string. Divisions and square roots are not among them.
/// Any other that a secret meets is to be looked up before it is added: in Intel's "Data Operand Independent Timing Instructions", and
/// among the latencies of AMD's "Software Optimization Guide" of the family. Sums and products of floating-point numbers take the same time
/// as long as no number is denormal: that none was is what the stepper asks the processor (`Report::raised`).
#[rustfmt::skip]
pub const FIXED_TIME: &[Mnemonic] = &[
    // General registers.
    Mov, Movzx, Lea, Push, Pop, Bswap, Movsb, Movsq, And, Or, Xor, Not, Neg, Test, Add, Adc, Sub, Sbb, Cmp, Rol, Ror, Sar, Shl, Shld, Shr, Shrd,
    Cmove, Cmovne, Sete, Setb, Imul, Mul,
    // SSE. `Movsd` and `Movss` move a number.
    Movaps, Movups, Movapd, Movupd, Movd, Movq, Movsd, Movss, Movdqa, Movdqu, Movlhps, Movhlps, Movhps, Movhpd, Movlps, Movlpd,
    Pand, Pandn, Por, Pxor, Andps, Andnps, Orps, Xorps, Andpd, Andnpd, Orpd, Xorpd, Pcmpeqb, Pcmpeqw, Pcmpeqd, Pmovmskb,
    Paddb, Paddw, Paddd, Paddq, Psubb, Psubw, Psubd, Psubq, Psllw, Pslld, Psllq, Psrlw, Psrld, Psrlq, Psrad, Pslldq, Psrldq, Pmuludq,
    Pshufb, Pshufd, Pshuflw, Pshufhw, Shufps, Shufpd, Pextrq, Pextrw, Pinsrw, Packuswb, Punpcklbw, Punpckhbw, Punpcklwd, Punpckhwd,
    Punpckldq, Punpckhdq, Punpcklqdq, Punpckhqdq, Unpcklps, Unpckhps, Unpcklpd, Unpckhpd,
    Aesenc, Aesenclast, Aesdec, Aesdeclast, Pclmulqdq,
    // AVX.
    Vmovaps, Vmovups, Vmovapd, Vmovupd, Vmovd, Vmovq, Vmovdqa, Vmovdqu, Vmovlhps, Vmovhlps, Vpand, Vpandn, Vpor, Vpxor, Vandps, Vandnps,
    Vorps, Vxorps, Vandpd, Vandnpd, Vorpd, Vxorpd, Vpcmpeqb, Vpcmpeqw, Vpcmpeqd, Vpcmpeqq, Vpmovmskb, Vpaddb, Vpaddw, Vpaddd, Vpaddq,
    Vpsubb, Vpsubw, Vpsubd, Vpsubq, Vpsllw, Vpslld, Vpsllq, Vpsrlw, Vpsrld, Vpsrlq, Vpsrad, Vpslldq, Vpsrldq, Vpmuludq, Vpshufb, Vpshufd,
    Vpshuflw, Vpshufhw, Vshufps, Vshufpd, Vpalignr, Vpextrd, Vpextrq, Vpinsrd, Vpinsrq, Vpbroadcastw, Vpbroadcastd, Vpbroadcastq, Vbroadcasti128,
    Vbroadcastf128, Vinserti128, Vinsertf128, Vextracti128, Vextractf128, Vperm2i128, Vperm2f128, Vpermq, Vpermpd, Vpblendd, Vblendps,
    Vblendpd, Vpunpckldq, Vpunpckhdq, Vpunpcklqdq, Vpunpckhqdq, Vunpcklps, Vunpckhps, Vunpcklpd, Vunpckhpd, Vaesenc, Vaesenclast,
    Vaesdec, Vaesdeclast, Vpclmulqdq,
    // Floating point, of the kernel `fma52`, and what goes with it.
    Addsd, Subsd, Vaddpd, Vsubpd, Vfmadd231pd, Vmovddup, Vpermilpd, Vpblendvb, Vpsrlvq, Vpmovzxbq,
    // AVX-512, of the kernel `ifma`, its masks among them, and of the system's library, which copies with it.
    Vpmadd52luq, Vpmadd52huq, Vmovdqa64, Vmovdqu64, Vbroadcasti64x2, Vshufi64x2, Valignq, Vpandq, Vpandnq, Vpxorq, Vpternlogq, Vpblendmq, Vptestmq, Vptestnmq,
    Kandb, Korb, Kxorb, Kxnorb, Kaddb, Kshiftlb, Kmovb,
];
