//! Two powers in turns, modulo numbers that each have all lanes.

use super::digits::{DIGIT_BITS, Layout};
use super::kernel::{self, WINDOW_IN_TURNS, Workspace};
use super::modulus::Modulus;
use super::windows;
use super::{Ifma, SPARE_BITS, begin_table, residues};
use crate::rsa::{Montgomery, Powers, Uint, windows_in_slice};
use sealwire_traits::{Slices, pause};

/// Two moduli of the same width, prepared. Wiped on drop.
pub(super) struct Turns {
    moduli: [Montgomery; 2],
    prepared: Box<[Modulus; 2]>,
}

impl Turns {
    /// The layout that each of some moduli has, if they can take turns: there are two, of the same width, and of a number of digits that there are
    /// functions for.
    fn layout(moduli: &[Montgomery]) -> Option<Layout> {
        let [first, second] = moduli else { return None };
        let digits = (first.bits().max(second.bits()) + SPARE_BITS).div_ceil(DIGIT_BITS);
        if first.width() != second.width() || digits > Layout::most_digits(1) {
            return None;
        }
        Some(Layout::new(1, digits)).filter(|layout| layout.takes_turns())
    }

    /// Whether some moduli can take turns.
    pub(super) fn takes(moduli: &[Montgomery]) -> bool {
        Turns::layout(moduli).is_some()
    }

    /// Prepares two moduli, in constant time for given widths and bits.
    ///
    /// # Panics
    /// When [`Turns::takes`] denies them.
    pub(super) fn new(cpu: Ifma, moduli: Vec<Montgomery>) -> Turns {
        let layout = Turns::layout(&moduli).expect("moduli that take turns");
        let mut prepared = Box::new([Modulus::unprepared(cpu, layout), Modulus::unprepared(cpu, layout)]);
        for (place, n) in prepared.iter_mut().zip(&moduli) {
            place.prepare(&[n.modulus()], n.bits());
        }
        let moduli = <[Montgomery; 2]>::try_from(moduli).ok().expect("two moduli");
        Turns { moduli, prepared }
    }

    /// The powers, as [`super::Lanes`] has them.
    async fn pow_in_slices(&self, bases: &[Uint], exponents: &[Uint]) -> Vec<Uint> {
        let mut workspaces = Box::new([Workspace::ZERO, Workspace::ZERO]);
        let exponents: Vec<&Uint> = exponents.iter().collect();
        let windows = windows(&exponents, WINDOW_IN_TURNS, |number| number);
        for i in 0..2 {
            begin_table(&mut workspaces[i], &[&bases[i]], &self.prepared[i]);
        }
        kernel::begin_in_turns(&mut workspaces, &windows[0], &self.prepared);
        for slice in windows[1..].chunks(windows_in_slice(self.moduli[0].width())) {
            kernel::go_on_in_turns(&mut workspaces, slice, &self.prepared);
            pause().await;
        }
        let number = |i: usize| residues(&mut workspaces[i], &self.moduli[i..=i], &self.prepared[i]);
        (0..2).flat_map(number).collect()
    }
}

impl Powers for Turns {
    fn moduli(&self) -> Vec<&Montgomery> {
        self.moduli.iter().collect()
    }

    fn raising<'a>(&'a self, bases: &'a [Uint], exponents: &'a [Uint]) -> Slices<'a, Vec<Uint>> {
        Slices::new(self.pow_in_slices(bases, exponents))
    }
}
