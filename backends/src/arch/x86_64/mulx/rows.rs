//! Rows of products in assembly: one limb times up to eight limbs, added to a number in registers that moves up by a limb with each row.
//!
//! The number in the registers p0, p1, ... is called the window. A row adds b * (a0, a1, ...) to it, and the limb of `t` at its place;
//! its lowest limb is then complete and goes to `t`, and the rest moves down a register. MULX writes the high limb of the product k
//! straight to the register from which limb k of the window has just been taken, so that moving costs nothing:
//!
//! ```text
//! low  = t_j + p0          (ADCX)      p0 = high(b a0)    low += low(b a0)    (ADOX)      t_j = low
//! p0  += p1                (ADCX)      p1 = high(b a1)    p0  += low(b a1)    (ADOX)
//! p1  += p2                (ADCX)      p2 = high(b a2)    p1  += low(b a2)    (ADOX)      ... and last the two carries
//! ```
//!
//! Nothing is lost at the top: with w limbs, window and t_j below 2^(64 w) and 2^64, the sum is at most
//! (2^(64 w) - 1) + (2^64 - 1) + (2^64 - 1) (2^(64 w) - 1) = 2^(64 (w + 1)) - 1.
//!
//! Registers: rdi t, rsi a, rbp b, rdx the limb of b, rcx the rows to go, rax and rbx between, r8 to r15 the window.
#![allow(unsafe_code)]

use super::Mulx;
use crate::rsa;
#[cfg(doc)]
use crate::rsa::Arithmetic;
use std::arch::naked_asm;

/// Limbs in a block at most: as many as there are registers for the window.
pub(super) const WIDEST: usize = 8;

/// [`Arithmetic::mul_add`]
///
/// # Panics
/// When `t` has not as many limbs as `a` and `b` together, or `a` not one to eight.
pub(super) fn mul_add(_: Mulx, t: &mut [u64], a: &[u64], b: &[u64], carry: u64) -> u64 {
    assert!(t.len() == a.len() + b.len());
    // SAFETY: the token proves the instructions; the kernel reads `a` and `b` whole, and reads and writes `t` whole.
    unsafe { (of_width(a.len()).mul_add)(t.as_mut_ptr(), a.as_ptr(), b.as_ptr(), b.len(), carry) }
}

/// [`Arithmetic::reduce_block`]
///
/// # Panics
/// When `t` has not `width` limbs more than `m`, or `width` is not one to eight and at most the width of `m`.
pub(super) fn reduce_block(_: Mulx, t: &mut [u64], m: &[u64], width: usize, minus_inverse: u64, carry: u64) -> u64 {
    assert!(t.len() == m.len() + width && width <= m.len());
    // SAFETY: the token proves the instructions; the kernel reads `m` whole, and reads and writes `t` whole.
    unsafe { (of_width(width).reduce)(t.as_mut_ptr(), m.as_ptr(), m.len(), minus_inverse, carry) }
}

/// [`Arithmetic::triangle`]
///
/// # Panics
/// When `t` has not twice as many limbs as `a`, or `a` not one to eight.
pub(super) fn triangle(_: Mulx, t: &mut [u64], a: &[u64]) {
    assert!(t.len() == 2 * a.len());
    // SAFETY: the token proves the instructions; the kernel reads `a` whole and writes `t` whole.
    unsafe { (of_width(a.len()).triangle)(t.as_mut_ptr(), a.as_ptr()) }
}

/// [`Arithmetic::double_and_add_squares`]
///
/// # Panics
/// When `t` has not twice as many limbs as `a`, or `a` none.
pub(super) fn double_and_add_squares(_: Mulx, t: &mut [u64], a: &[u64]) {
    assert!(t.len() == 2 * a.len() && !a.is_empty());
    // SAFETY: the token proves the instructions; the kernel reads `a` whole, and reads and writes `t` whole.
    unsafe { double_and_add_squares_kernel(t.as_mut_ptr(), a.as_ptr(), a.len()) }
}

/// [`Arithmetic::sub`]
///
/// # Panics
/// When the three have not the same length, or none.
pub(super) fn sub(_: Mulx, difference: &mut [u64], a: &[u64], b: &[u64]) -> u64 {
    assert!(difference.len() == a.len() && a.len() == b.len() && !a.is_empty());
    // SAFETY: the kernel reads `a` and `b` whole and writes `difference` whole.
    unsafe { sub_kernel(difference.as_mut_ptr(), a.as_ptr(), b.as_ptr(), a.len()) }
}

/// [`Arithmetic::gather`] with AVX2.
pub(super) fn gather(_: Mulx, out: &mut [u64], table: &[u64], index: u64) {
    #[target_feature(enable = "avx2")]
    fn compiled(out: &mut [u64], table: &[u64], index: u64) {
        rsa::gather(out, table, index);
    }
    // SAFETY: the token proves the instructions.
    unsafe { compiled(out, table, index) }
}

/// The kernels for one width of the window. The arguments are those of the functions above, of which the last is the carry.
struct Kernels {
    mul_add: unsafe extern "sysv64" fn(*mut u64, *const u64, *const u64, usize, u64) -> u64,
    reduce: unsafe extern "sysv64" fn(*mut u64, *const u64, usize, u64, u64) -> u64,
    triangle: unsafe extern "sysv64" fn(*mut u64, *const u64),
}

fn of_width(width: usize) -> &'static Kernels {
    const WIDTHS: [&Kernels; WIDEST] = [
        &w1::KERNELS,
        &w2::KERNELS,
        &w3::KERNELS,
        &w4::KERNELS,
        &w5::KERNELS,
        &w6::KERNELS,
        &w7::KERNELS,
        &w8::KERNELS,
    ];
    WIDTHS[width - 1]
}

/// Keeps the registers that belong to the caller.
macro_rules! enter {
    () => {
        "push rbx\n push rbp\n push r12\n push r13\n push r14\n push r15\n"
    };
}

/// Gives them back.
macro_rules! leave {
    () => {
        "pop r15\n pop r14\n pop r13\n pop r12\n pop rbp\n pop rbx\n ret\n"
    };
}

/// The start of a row, with the limb of b in rdx: the lowest limb of the sum, to rax. Both carries start clear.
macro_rules! lowest {
    ($p0:literal, $a0:literal) => {
        concat!("adcx rax, ", $p0, "\n mulx ", $p0, ", rbx, [rsi + 8*", $a0, "]\n adox rax, rbx\n")
    };
}

/// The rest of a row: one line of the table above for each neighbours among the registers, and at the top the two carries.
macro_rules! rest {
    ($top:literal $_:literal) => {
        concat!("adcx ", $top, ", [rsp]\n adox ", $top, ", [rsp]\n")
    };
    ($p:literal $_:literal, $next:literal $k:literal $(, $more:literal $l:literal)*) => {
        concat!(
            "adcx ", $p, ", ", $next, "\n mulx ", $next, ", rax, [rsi + 8*", $k, "]\n adox ", $p, ", rax\n",
            rest!($next $k $(, $more $l)*)
        )
    };
}

/// A row for each of rcx limbs of b, if there are any; then the window and the carry that was kept on the stack are added to `t`, and rax
/// is what falls out.
macro_rules! rows {
    ($p0:literal $k0:literal $(, $p:literal $k:literal)*) => {
        concat!(
            "mov rcx, [rsp + 8]\n test rcx, rcx\n jz 4f\n",
            "lea rbp, [rbp + 8*rcx]\n lea rdi, [rdi + 8*rcx]\n neg rcx\n .p2align 5\n",
            "3:\n mov rdx, [rbp + 8*rcx]\n xor eax, eax\n mov rax, [rdi + 8*rcx]\n",
            lowest!($p0, $k0),
            "mov [rdi + 8*rcx], rax\n",
            rest!($p0 $k0 $(, $p $k)*),
            "inc rcx\n jnz 3b\n",
            // The carry goes to its flag: 1 - 1 carries, 0 - 1 does not.
            "4:\n add rsp, 16\n pop rax\n add rax, -1\n",
            "adc [rdi + 8*", $k0, "], ", $p0, "\n",
            $("adc [rdi + 8*", $k, "], ", $p, "\n",)*
            "mov eax, 0\n adc rax, 0\n"
        )
    };
}

/// Row i of a triangle takes a_i as its b, and the limbs above it as its a. Two limbs of the sum are complete after it: the next row
/// begins two places higher, with one register less. rsi points to a_1, rdi to `t`.
macro_rules! triangle_rows {
    ($p0:literal $k0:literal $(, $p:literal $k:literal)*) => {
        concat!(
            "mov rdx, [rsi + 8*", $k0, " - 8]\n xor eax, eax\n",
            lowest!($p0, $k0),
            "mov [rdi + 16*", $k0, " + 8], rax\n",
            rest!($p0 $k0 $(, $p $k)*),
            "mov [rdi + 16*", $k0, " + 16], ", $p0, "\n",
            triangle_rows!($($p $k),*)
        )
    };
    () => {
        ""
    };
}

/// The kernels for a window of the given registers; beside each is its number. A triangle takes one register less than there are limbs.
macro_rules! kernels {
    ($module:ident, $width:literal, [$($p:literal $k:literal),+], [$($q:literal $l:literal),*]) => {
        mod $module {
            use super::*;

            pub(super) const KERNELS: Kernels = Kernels { mul_add, reduce, triangle };

            // SAFETY: the body keeps to the calling convention of its type.
            #[unsafe(naked)]
            unsafe extern "sysv64" fn mul_add(_: *mut u64, _: *const u64, _: *const u64, _: usize, _: u64) -> u64 {
                naked_asm!(
                    enter!(),
                    "push r8",
                    "push rcx",
                    "push 0",
                    "mov rbp, rdx",
                    $(concat!("xor ", $p, ", ", $p),)+
                    rows!($($p $k),+),
                    leave!(),
                )
            }

            // SAFETY: the body keeps to the calling convention of its type.
            #[unsafe(naked)]
            unsafe extern "sysv64" fn reduce(_: *mut u64, _: *const u64, _: usize, _: u64, _: u64) -> u64 {
                naked_asm!(
                    enter!(),
                    "push r8",
                    concat!("sub rdx, ", $width),
                    "push rdx",
                    "push 0",
                    $(concat!("xor ", $p, ", ", $p),)+
                    concat!("mov ebp, ", $width),
                    // The lowest limbs of m, with one quotient a row: that which makes the lowest limb of the sum zero.
                    "2: mov rdx, [rdi]",
                    "add rdx, r8",
                    "imul rdx, rcx",
                    "xor eax, eax",
                    "mov rax, [rdi]",
                    "mov [rdi], rdx",
                    lowest!("r8", "0"),
                    rest!($($p $k),+),
                    "lea rdi, [rdi + 8]",
                    "dec ebp",
                    "jnz 2b",
                    // The other limbs of m are the rows of the quotients, which are known now.
                    concat!("lea rbp, [rsi + 8*", $width, "]"),
                    concat!("lea rsi, [rdi - 8*", $width, "]"),
                    rows!($($p $k),+),
                    leave!(),
                )
            }

            // SAFETY: the body keeps to the calling convention of its type.
            #[unsafe(naked)]
            unsafe extern "sysv64" fn triangle(_: *mut u64, _: *const u64) {
                naked_asm!(
                    enter!(),
                    "push 0",
                    $(concat!("xor ", $q, ", ", $q),)*
                    "xor eax, eax",
                    "mov [rdi], rax",
                    concat!("mov [rdi + 16*", $width, " - 8], rax"),
                    "add rsi, 8",
                    triangle_rows!($($q $l),*),
                    "add rsp, 8",
                    leave!(),
                )
            }
        }
    };
}

kernels!(w1, "1", ["r8" "0"], []);
kernels!(w2, "2", ["r8" "0", "r9" "1"], ["r8" "0"]);
kernels!(w3, "3", ["r8" "0", "r9" "1", "r10" "2"], ["r8" "0", "r9" "1"]);
kernels!(w4, "4", ["r8" "0", "r9" "1", "r10" "2", "r11" "3"], ["r8" "0", "r9" "1", "r10" "2"]);
kernels!(
    w5,
    "5",
    ["r8" "0", "r9" "1", "r10" "2", "r11" "3", "r12" "4"],
    ["r8" "0", "r9" "1", "r10" "2", "r11" "3"]
);
kernels!(
    w6,
    "6",
    ["r8" "0", "r9" "1", "r10" "2", "r11" "3", "r12" "4", "r13" "5"],
    ["r8" "0", "r9" "1", "r10" "2", "r11" "3", "r12" "4"]
);
kernels!(
    w7,
    "7",
    ["r8" "0", "r9" "1", "r10" "2", "r11" "3", "r12" "4", "r13" "5", "r14" "6"],
    ["r8" "0", "r9" "1", "r10" "2", "r11" "3", "r12" "4", "r13" "5"]
);
kernels!(
    w8,
    "8",
    ["r8" "0", "r9" "1", "r10" "2", "r11" "3", "r12" "4", "r13" "5", "r14" "6", "r15" "7"],
    ["r8" "0", "r9" "1", "r10" "2", "r11" "3", "r12" "4", "r13" "5", "r14" "6"]
);

/// One limb of a: its square is added to twice the two limbs of `t` at its place. Doubling carries in the one flag, the sum in the other.
macro_rules! square_of_limb {
    () => {
        concat!(
            "mov rdx, [rsi]\n mulx r9, r8, rdx\n",
            "mov rax, [rdi]\n adcx rax, rax\n adox rax, r8\n mov [rdi], rax\n",
            "mov rax, [rdi + 8]\n adcx rax, rax\n adox rax, r9\n mov [rdi + 8], rax\n",
            "lea rsi, [rsi + 8]\n lea rdi, [rdi + 16]\n"
        )
    };
}

/// Two limbs a turn; nothing but the doubling and the sum touches a flag, and TEST clears both.
// SAFETY: the body keeps to the calling convention of its type, and uses no register that belongs to the caller.
#[unsafe(naked)]
unsafe extern "sysv64" fn double_and_add_squares_kernel(_: *mut u64, _: *const u64, _: usize) {
    naked_asm!(
        "lea rcx, [rdx + 1]",
        "shr rcx, 1",
        "test edx, 1",
        "jnz 3f",
        "2:",
        square_of_limb!(),
        "3:",
        square_of_limb!(),
        "lea rcx, [rcx - 1]",
        "jrcxz 4f",
        "jmp 2b",
        "4: ret",
    )
}

// SAFETY: the body keeps to the calling convention of its type, and uses no register that belongs to the caller.
#[unsafe(naked)]
unsafe extern "sysv64" fn sub_kernel(_: *mut u64, _: *const u64, _: *const u64, _: usize) -> u64 {
    naked_asm!(
        "lea rdi, [rdi + 8*rcx]",
        "lea rsi, [rsi + 8*rcx]",
        "lea rdx, [rdx + 8*rcx]",
        "neg rcx",
        // Nothing in the loop but SBB touches the borrow.
        "clc",
        "2: mov rax, [rsi + 8*rcx]",
        "sbb rax, [rdx + 8*rcx]",
        "mov [rdi + 8*rcx], rax",
        "inc rcx",
        "jnz 2b",
        "mov eax, 0",
        "adc eax, eax",
        "ret",
    )
}
