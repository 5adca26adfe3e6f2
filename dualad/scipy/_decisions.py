"""What becomes of SciPy's functions that `dualad.scipy` has no function of its own for.

Those in `lifted` run as they are, in Python that is lifted. Those in `plain` have answers that do
not change with what goes in but by steps. All others are refused, with what to use `instead`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Decisions(NamedTuple):
    """Of one part of SciPy."""

    lifted: frozenset[str] = frozenset()
    plain: frozenset[str] = frozenset()
    refused: Mapping[str, str] = MappingProxyType({})  # what to use instead: the names
    otherwise: str = "write it in functions that take them, or give it x.primal"

    def instead(self, name: str) -> str:
        """What to use instead of a function that is refused."""
        found = (why for why, names in self.refused.items() if name in names.split())
        return next(found, self.otherwise)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


DECISIONS: dict[str, Decisions] = {
    "signal": Decisions(
        lifted=_names(
            """
            StateSpace TransferFunction ZerosPolesGain abcd_normalize bessel bilinear
            bilinear_zpk bode buttap butter cheb1ap cheb2ap cheby1 cheby2 chirp coherence
            cont2discrete csd czt dbode decimate deconvolve detrend dfreqresp dimpulse dlsim dlti
            dstep envelope filtfilt firls firwin firwin2 firwin_2d freqresp freqs freqs_zpk freqz
            freqz_sos freqz_zpk gammatone gauss_spline gausspulse group_delay hilbert hilbert2
            iircomb iirdesign iirfilter iirnotch iirpeak impulse invres invresz istft
            kaiser_atten kaiser_beta lfilter_zi lfiltic lombscargle lp2bp lp2bp_zpk lp2bs
            lp2bs_zpk lp2hp lp2hp_zpk lp2lp lp2lp_zpk lsim lti minimum_phase normalize
            periodogram resample resample_poly residue residuez savgol_coeffs savgol_filter
            sawtooth sos2tf sos2zpk sosfilt_zi sosfiltfilt sosfreqz spectrogram square ss2tf
            ss2zpk step stft sweep_poly tf2sos tf2ss tf2zpk vectorstrength welch wiener zoom_fft
            zpk2sos zpk2ss zpk2tf
            """
        ),
        plain=_names(
            """
            argrelextrema argrelmax argrelmin buttord cheb1ord cheb2ord check_COLA check_NOLA
            choose_conv_method correlation_lags ellipord find_peaks find_peaks_cwt findfreqs
            get_window kaiserord max_len_seq unit_impulse
            """
        ),
    ),
    "signal.windows": Decisions(
        lifted=_names(
            """
            chebwin exponential gaussian general_cosine general_gaussian general_hamming kaiser
            tukey
            """
        ),
        plain=_names(
            """
            barthann bartlett blackman blackmanharris bohman boxcar cosine flattop get_window
            hamming hann lanczos nuttall parzen triang
            """
        ),
    ),
    "fft": Decisions(
        plain=_names(
            """
            get_workers next_fast_len prev_fast_len register_backend set_backend
            set_global_backend set_workers skip_backend
            """
        )
    ),
    "ndimage": Decisions(
        lifted=_names(
            """
            center_of_mass extrema gaussian_filter gaussian_filter1d gaussian_gradient_magnitude
            gaussian_laplace generic_gradient_magnitude generic_laplace labeled_comprehension
            laplace maximum mean median minimum prewitt rotate sobel standard_deviation sum
            sum_labels uniform_filter variance
            """
        ),
        plain=_names(
            """
            binary_closing binary_dilation binary_erosion binary_fill_holes binary_hit_or_miss
            binary_opening binary_propagation distance_transform_bf distance_transform_cdt
            distance_transform_edt find_objects generate_binary_structure histogram
            iterate_structure label maximum_position minimum_position value_indices watershed_ift
            """
        ),
    ),
    "spatial": Decisions(
        lifted=_names(
            """
            distance_matrix geometric_slerp minkowski_distance minkowski_distance_p procrustes
            """
        ),
        plain=_names(
            """
            Delaunay convex_hull_plot_2d delaunay_plot_2d tsearch voronoi_plot_2d
            """
        ),
        refused={
            "ask for the indices (tree.query(x.primal)[1]), and calculate with x[i]": (
                "KDTree cKDTree"
            ),
        },
    ),
    "spatial.distance": Decisions(
        lifted=_names(
            """
            braycurtis canberra chebyshev cityblock correlation cosine euclidean jensenshannon
            mahalanobis minkowski seuclidean sqeuclidean
            """
        ),
        plain=_names(
            """
            dice hamming is_valid_dm is_valid_y jaccard num_obs_dm num_obs_y rogerstanimoto
            russellrao sokalsneath yule
            """
        ),
    ),
    "spatial.transform": Decisions(),
    "special": Decisions(),
    "linalg": Decisions(
        lifted=_names(
            """
            block_diag circulant companion convolution_matrix fiedler fiedler_companion hankel
            leslie toeplitz
            """
        ),
    ),
    "optimize": Decisions(),
    "integrate": Decisions(),
    "interpolate": Decisions(),
}
