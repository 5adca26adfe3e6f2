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
    linear: Mapping[str, str] = MappingProxyType({})  # the argument in which it is so: of lifted
    otherwise: str = "write it in functions that take them, or give it getattr(x, 'primal', x)"

    def instead(self, name: str) -> str:
        """What to use instead of a function that is refused."""
        return _filed_under(name, self.refused) or self.otherwise

    def linear_argument(self, name: str) -> str:
        """The argument in which a function is linear, or nothing."""
        return _filed_under(name, self.linear)


def _filed_under(name: str, table: Mapping[str, str]) -> str:
    return next((key for key, names in table.items() if name in names.split()), "")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Parts whose functions have no stand-in: they run as they are, or are refused if they cannot.
UNLISTED: dict[str, Decisions] = {
    "differentiate": Decisions(otherwise="use dualad.derivative, jacobian or hessian"),
    "linalg.interpolative": Decisions(otherwise="use scipy.linalg.svd"),
    "odr": Decisions(otherwise="use scipy.optimize.least_squares"),
}

DECISIONS: dict[str, Decisions] = {
    "signal": Decisions(
        lifted=_names(
            """
            ShortTimeFFT StateSpace TransferFunction ZerosPolesGain abcd_normalize bessel bilinear
            bilinear_zpk bode buttap butter cheb1ap cheb2ap cheby1 cheby2 chirp cont2discrete czt
            dbode decimate deconvolve detrend dfreqresp dimpulse dlsim dlti dstep envelope
            filtfilt firls firwin firwin2 firwin_2d freqresp freqs freqs_zpk freqz freqz_sos
            freqz_zpk gammatone gauss_spline gausspulse get_window group_delay hilbert hilbert2
            iircomb iirdesign iirfilter iirnotch iirpeak impulse invres invresz istft kaiser_atten
            kaiser_beta lombscargle lp2bp lp2bp_zpk lp2bs lp2bs_zpk
            lp2hp_zpk lp2lp lp2lp_zpk lsim lti minimum_phase normalize resample_poly residue
            residuez savgol_coeffs savgol_filter sawtooth sos2tf sos2zpk sosfilt_zi
            sosfiltfilt sosfreqz square ss2tf ss2zpk step sweep_poly tf2sos tf2ss tf2zpk
            vectorstrength zoom_fft zpk2sos zpk2ss zpk2tf
            """
        ),
        plain=_names(
            """
            argrelextrema argrelmax argrelmin buttord cheb1ord cheb2ord check_COLA check_NOLA
            choose_conv_method correlation_lags ellipord find_peaks_cwt findfreqs
            kaiserord max_len_seq unit_impulse
            """
        ),
        linear={
            "x": "decimate filtfilt hilbert hilbert2 savgol_filter sosfiltfilt",
            "data": "detrend",
        },
    ),
    "signal.windows": Decisions(
        lifted=_names(
            """
            chebwin exponential gaussian general_cosine general_gaussian general_hamming
            get_window kaiser kaiser_bessel_derived taylor tukey
            """
        ),
        plain=_names(
            """
            barthann bartlett blackman blackmanharris bohman boxcar cosine flattop
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
    "fftpack": Decisions(plain=_names("next_fast_len")),
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
        linear={
            "input": "gaussian_filter gaussian_filter1d gaussian_laplace laplace prewitt rotate "
            "sobel uniform_filter"
        },
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
            "ask for the indices (tree.query(getattr(x, 'primal', x))[1]), and calculate with "
            "x[i]": "KDTree cKDTree",
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
    "special": Decisions(
        lifted=_names("h1vp h2vp ivp jvp kvp lambertw multigammaln softplus yvp zeta"),
        plain=_names(
            """
            ai_zeros bei_zeros beip_zeros ber_zeros bernoulli berp_zeros bi_zeros c_roots chebyc
            chebys chebyt chebyu erf_zeros errstate euler fresnel_zeros fresnelc_zeros
            fresnels_zeros geterr h_roots he_roots hermite hermitenorm jn_zeros jnjnp_zeros
            jnp_zeros jnyn_zeros kei_zeros keip_zeros kelvin_zeros ker_zeros kerp_zeros l_roots
            laguerre legendre p_roots ps_roots roots_chebyc roots_chebys roots_chebyt roots_chebyu
            roots_hermite roots_hermitenorm roots_laguerre roots_legendre roots_sh_chebyt
            roots_sh_chebyu roots_sh_legendre s_roots seterr sh_chebyt sh_chebyu sh_legendre
            stirling2 t_roots ts_roots u_roots us_roots y0_zeros y1_zeros y1p_zeros yn_zeros
            ynp_zeros
            """
        ),
        refused={
            "use gamma(n + 1)": "factorial",
            "use binom(n, k), or gamma(n + 1)/gamma(n - k + 1)": "comb perm",
            "use eval_jacobi and its like, which take the point": (
                "assoc_laguerre gegenbauer genlaguerre jacobi sh_jacobi"
            ),
        },
    ),
    "linalg": Decisions(
        lifted=_names(
            """
            block_diag companion convolution_matrix diagsvd fiedler fiedler_companion leslie
            """
        ),
        plain=_names(
            """
            bandwidth dft find_best_blas_type get_blas_funcs get_lapack_funcs hadamard helmert
            hilbert invhilbert invpascal ishermitian issymmetric pascal
            """
        ),
        refused={
            "a basis is not unique; use the projector np.eye(n) - pinv(a) @ a": "null_space",
            "its blocks are those of one of many bases; use eig or eigh": (
                "cdf2rdf hessenberg ordqz qz rsf2csf schur"
            ),
            "use lu or cholesky": "ldl",
            "use qr of the whole matrix": "qr_delete qr_insert qr_multiply qr_update",
            "use expm, logm, sqrtm, fractional_matrix_power, or sinm and its like": "funm",
            "use svd of its blocks": "cossin",
            "use norm(expm_frechet(A, E)) for a direction E": "expm_cond",
        },
    ),
    "optimize": Decisions(
        lifted=_names("rosen rosen_der rosen_hess rosen_hess_prod"),
        plain=_names(
            """
            BFGS HessianUpdateStrategy SR1 linprog_verbose_callback show_options
            """
        ),
        refused={
            "use dualad.grad or dualad.jacobian": "approx_fprime",
            "use dualad.testing.check_derivative": "check_grad",
            "use minimize_scalar": "bracket",
            "use minimize": "line_search",
            "use root": "InverseJacobian KrylovJacobian",
        },
    ),
    "integrate": Decisions(
        plain=_names("lebedev_rule newton_cotes"),
        refused={
            "use solve_ivp": "BDF DOP853 DenseOutput LSODA OdeSolution OdeSolver RK23 RK45 Radau "
            "complex_ode ode",
            "use quad, quad_vec or nquad": "cubature nsum qmc_quad tanhsinh",
        },
    ),
    "interpolate": Decisions(
        plain=_names("generate_knots"),
        refused={
            "use RBFInterpolator, or LinearNDInterpolator": "CloughTocher2DInterpolator Rbf",
            "use RectBivariateSpline or RegularGridInterpolator on a grid, or RBFInterpolator": (
                "LSQBivariateSpline LSQSphereBivariateSpline RectSphereBivariateSpline "
                "SmoothBivariateSpline SmoothSphereBivariateSpline bisplev bisplrep"
            ),
            "take make_interp_spline of each coordinate": "make_splprep splprep",
            "use make_interp_spline, make_lsq_spline or make_smoothing_spline": "make_splrep",
            "use BSpline, and its derivatives": "insert spalde",
            "use BarycentricInterpolator": "AAA FloaterHormannInterpolator",
            "use PPoly": "BPoly",
            "use RegularGridInterpolator": "NdBSpline NdPPoly",
            "use dualad.taylor": "approximate_taylor_polynomial pade",
        },
        otherwise="use make_interp_spline, CubicSpline, RegularGridInterpolator or "
        "LinearNDInterpolator",
    ),
    "stats": Decisions(
        lifted=_names(
            """
            bayes_mvs expectile gzscore mvsdist obrientransform sigmaclip trim1 trimboth
            """
        ),
        plain=_names(  # of ranks: constant between ties
            """
            ansari brunnermunzel cramervonmises_2samp fligner friedmanchisquare kendalltau kruskal
            mannwhitneyu mood percentileofscore rankdata ranksums somersd spearmanr tiecorrect
            weightedtau wilcoxon
            """
        ),
        refused={
            "use norm, uniform, logistic, binom and the others of that kind, which are supported": (
                "Normal Uniform Logistic Binomial Mixture make_distribution truncate "
                "order_statistic"
            ),
            "write logpdf of the distribution, and minimise its sum": "fit",
        },
        otherwise="use the distributions and statistics that are supported, or give it "
        "getattr(x, 'primal', x)",
    ),
    "sparse": Decisions(
        plain=_names(
            """
            eye eye_array get_index_dtype identity issparse isspmatrix isspmatrix_bsr isspmatrix_coo
            isspmatrix_csc isspmatrix_csr isspmatrix_dia isspmatrix_dok isspmatrix_lil load_npz rand
            random random_array safely_cast_index_arrays
            """
        ),
        refused={
            "collect rows, columns and numbers, and write coo_array((numbers, (rows, columns)))": (
                "bsr_array bsr_matrix dok_array dok_matrix lil_array lil_matrix"
            ),
        },
        otherwise="use csr_array, csc_array, coo_array or dia_array, made of duals: "
        "csr_array((data, indices, indptr))",
    ),
    "sparse.linalg": Decisions(
        plain=_names("is_sptriangular spbandwidth use_solver"),
        refused={
            "use np.linalg.eig(A.toarray()), or eigsh of a symmetric matrix": "eigs lobpcg",
            "use np.linalg.svd(A.toarray()), or eigsh(A.T @ A)": "svds",
            "solve with splu(A), or take np.linalg.inv(A.toarray())": "inv",
            "use scipy.linalg.expm(A.toarray()), or expm_multiply(A, B)": (
                "expm funm_multiply_krylov"
            ),
            "use norm(A, 1)": "onenormest",
        },
        otherwise="use splu, eigsh or functions of A.toarray()",
    ),
    "sparse.csgraph": Decisions(
        plain=_names(
            """
            breadth_first_order breadth_first_tree connected_components depth_first_order
            depth_first_tree maximum_bipartite_matching min_weight_full_bipartite_matching
            reverse_cuthill_mckee structural_rank
            """
        ),
        otherwise="find the path or tree with getattr(x, 'primal', x), and sum x over its edges",
    ),
    "cluster.hierarchy": Decisions(
        plain=_names(
            """
            ClusterNode DisjointSet correspond cut_tree dendrogram fcluster fclusterdata
            from_mlab_linkage is_isomorphic is_monotonic is_valid_im is_valid_linkage leaders
            leaves_list num_obs_linkage set_link_color_palette to_mlab_linkage to_tree
            """
        ),
        otherwise="find the clusters with getattr(x, 'primal', x), and calculate with "
        "x[labels == k]",
    ),
    "cluster.vq": Decisions(
        otherwise="find the clusters with getattr(x, 'primal', x), and calculate with "
        "x[labels == k]"
    ),
    "constants": Decisions(
        lifted=_names("convert_temperature lambda2nu nu2lambda"),
        plain=_names("find precision unit value"),
    ),
}
