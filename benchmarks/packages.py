"""Functions of public packages, called as their own documentation does, differentiated as they are.

    python -m venv pk && pk/bin/pip install numpy scipy mpmath pandas
    pk/bin/pip install $(python benchmarks/packages.py --names)
    PYTHONPATH=. pk/bin/python benchmarks/packages.py --write docs/packages.md

In each call one real number is x. The call runs plainly; then its derivative in x, with all
settings as they are by default, is held against extrapolated differences of the plain function.
Every call is counted as

right     value as in the plain run, derivative as by differences
refused   an error of ours, in one sentence, says why there is no derivative and what helps
compiled  the same where x goes into code that is not Python's: nothing can be lifted there
obscure   another error
wrong     another value, or another derivative
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
import traceback
import warnings
from importlib.metadata import version
from typing import Any

import numpy as np

import dualad

# What has a stand-in nowhere: x reaches compiled code, by the function's own documentation.
COMPILED = "compiled"

# Package: (field, imports, calls); a call is an expression in x, and where x is.
Call = tuple[str, float] | tuple[str, float, str]
PACKAGES: dict[str, tuple[str, str, list[Call]]] = {
    "fluids": (
        "fluid dynamics",
        "import fluids",
        [
            ("fluids.Reynolds(2.5, x, rho=1.1613, mu=1.9E-5)", 0.25),
            ("fluids.friction_factor(Re=x, eD=1E-4)", 1e5),
            ("fluids.friction_factor(Re=1e5, eD=x)", 1e-4),
            ("fluids.entrance_sharp() * x", 2.0),
            ("fluids.contraction_round(Di1=1, Di2=0.4, rc=x)", 0.04),
            ("fluids.bend_rounded(Di=x, rc=10, angle=45, Re=1E8)", 4.020),
            ("fluids.dP_packed_bed(dp=x, voidage=0.4, vs=1E-3, rho=1E3, mu=1E-3)", 8e-4),
            ("fluids.ATMOSPHERE_1976(x).rho", 5000.0),
            ("fluids.drag_sphere(x)", 200.0),
            ("fluids.TANK(D=1.2, L=x, horizontal=False).V_from_h(0.5)", 4.0),
        ],
    ),
    "ht": (
        "heat transfer",
        "import ht",
        [
            ("ht.LMTD(x, 60., 30., 40.2)", 100.0),
            ("ht.Nu_conv_internal(Re=x, Pr=.7)", 1e5),
            ("ht.Nu_vertical_plate_Churchill(x, 2.63E9)", 0.69),
            ("ht.effectiveness_from_NTU(NTU=x, Cr=0.7, subtype='counterflow')", 5.0),
            (
                "ht.Rohsenow(rhol=957.854, rhog=0.595593, mul=2.79E-4, kl=0.680, Cpl=4217, "
                "Hvap=2.257E6, sigma=0.0589, Te=x, Csf=0.011, n=1.26)",
                4.9,
            ),
            ("ht.Nu_cylinder_Zukauskas(x, 0.707, 0.690)", 7992.0),
            ("ht.fin_efficiency_Kern_Kraus(0.0254, x, 3.8E-4, 200, 58)", 0.05715),
            ("ht.q_rad(emissivity=1, T=x)", 400.0),
        ],
    ),
    "chemicals": (
        "chemical engineering",
        "import chemicals\nfrom chemicals import *",
        [
            ("Antoine(x, A=8.95894, B=510.595, C=-15.95)", 100.0),
            ("Lee_Kesler(x, Tc=562.1, Pc=4.9E6, omega=0.2)", 347.2),
            ("Wilke(ys=[0.05, 0.95], mus=[x, 1.78984E-4], MWs=[64.06, 28.97])", 1.2e-4),
            ("Rachford_Rice_solution(zs=[x, 0.3, 0.2], Ks=[1.685, 0.742, 0.532])[0]", 0.5),
            ("COSTALD(x, 369.83333, 0.20008161E-3, 0.1532)", 272.03889),
            ("EQ100(x, 276370., -2090.1, 8.125, -0.014116, 0.0000093701)", 300.0),
            ("Watson(T=320, Hvap_ref=x, T_ref=300.0, Tc=500.0)", 43908.0),
            ("viscosity_index(nu_40=x, nu_100=8.86E-06)", 7.33e-5),
            ("iapws95_rho(T=x, P=1e6)", 330.0),
        ],
    ),
    "numpy-financial": (
        "finance",
        "import numpy as np, numpy_financial as npf",
        [
            ("npf.fv(x, 10*12, -100, -100)", 0.05 / 12),
            ("npf.pmt(x, 12*15, 200000)", 0.075 / 12),
            ("npf.npv(x, [-40_000, 5_000, 8_000, 12_000, 30_000])", 0.08),
            ("npf.irr([-100, x, 59, 55, 20])", 39.0),
            ("npf.nper(0.07/12, x, 8000)", -150.0),
            ("npf.mirr([-4500, x, 800, 800, 600], 0.08, 0.055)", 800.0),
            ("npf.pv(x, 10*12, -100, 15692.93)", 0.05 / 12),
            ("npf.rate(10, 0, x, 10000)", -3500.0),
        ],
    ),
    "py_vollib": (
        "option pricing",
        "from py_vollib.black_scholes import black_scholes\n"
        "from py_vollib.black import black\n"
        "from py_vollib.black_scholes.greeks import analytical\n"
        "from py_vollib.black_scholes_merton import black_scholes_merton\n"
        "from py_vollib.black_scholes.implied_volatility import implied_volatility",
        [
            ("black_scholes('p', x, 90, .5, .01, .2)", 100.0),
            ("black('c', x, 90, .5, .01, .2)", 100.0),
            ("analytical.delta('c', x, 49, .3846, .05, .2)", 49.0),
            ("analytical.vega('c', 49, 49, x, .05, .2)", 0.3846),
            ("black_scholes_merton('p', 100, 90, .5, .01, x, 0)", 0.2),
            ("implied_volatility(x, 100, 100, .5, .01, 'c')", 5.87602423383),
        ],
    ),
    "geographiclib": (
        "geodesy",
        "from geographiclib.geodesic import Geodesic\ngeod = Geodesic.WGS84",
        [
            ("geod.Inverse(x, 174.81, 40.96, -5.50)['s12']", -41.32),
            ("geod.Direct(40.6, -73.8, x, 5500e3)['lat2']", 51.0),
            ("geod.InverseLine(40.1, 116.6, 37.6, -122.4).Position(x)['lon2']", 1e6),
            ("geod.Direct(40.6, -73.8, 51, x)['azi2']", 5500e3),
        ],
    ),
    "haversine": (
        "geography",
        "from haversine import haversine, inverse_haversine, Unit, Direction, haversine_vector",
        [
            ("haversine((x, 4.8422), (48.8567, 2.3508))", 45.7597),
            ("haversine((45.7597, 4.8422), (x, 2.3508), unit=Unit.MILES)", 48.8567),
            ("inverse_haversine((45.7597, 4.8422), x, Direction.WEST)", 32.0),
            ("haversine_vector([(x, 4.8422)], [(48.8567, 2.3508)], Unit.KILOMETERS)", 45.7597),
        ],
    ),
    "pygeodesy": (
        "geodesy",
        "from pygeodesy.ellipsoidalVincenty import LatLon\n"
        "from pygeodesy import formy, sphericalTrigonometry as st, utm, ellipsoids",
        [
            ("LatLon(x, 5.71475).distanceTo(LatLon(58.64402, 3.07009))", 50.06632),
            ("formy.haversine(x, 4.8422, 48.8567, 2.3508)", 45.7597),
            ("formy.vincentys(x, 4.8422, 48.8567, 2.3508)", 45.7597),
            ("st.LatLon(x, 0.1).distanceTo(st.LatLon(48.857, 2.351))", 52.205),
            ("formy.equirectangular(x, 4.8422, 48.8567, 2.3508)", 45.7597),
            ("ellipsoids.Ellipsoids.WGS84.rocMeridional(x)", 45.0),
        ],
    ),
    "colour-science": (
        "colour",
        "import numpy as np, colour",
        [
            ("colour.XYZ_to_Lab(np.array([x, 0.12197225, 0.05136952]))", 0.20654008),
            ("colour.Lab_to_XYZ(np.array([x, 52.63858304, 26.92317922]))", 41.52787529),
            ("colour.XYZ_to_xyY(np.array([x, 0.12197225, 0.05136952]))", 0.20654008),
            ("colour.delta_E(np.array([x, 21.57, 272.2]), np.array([100., 426.6, 72.4]))", 90.0),
            ("colour.models.eotf_inverse_sRGB(x)", 0.18),
            ("colour.XYZ_to_Luv(np.array([x, 0.12197225, 0.05136952]))", 0.20654008),
            ("colour.lightness(x)", 12.19722535),
            ("colour.colorimetry.planck_law(500 * 1e-9, x)", 5500.0),
        ],
    ),
    "iapws": (
        "thermodynamics of water",
        "from iapws import iapws97, _iapws, IAPWS97",
        [
            ("iapws97._PSat_T(x)", 500.0),
            ("iapws97._Region1(x, 3)['h']", 300.0),
            ("iapws97._TSat_P(x)", 10.0),
            ("iapws97._Region2(700, x)['v']", 30.0),
            ("_iapws._Viscosity(998, x)", 298.15),
            ("_iapws._Tension(x)", 300.0),
            ("_iapws._ThCond(998, x)", 298.15),
            ("IAPWS97(P=1, T=x).h", 420.0),
        ],
    ),
    "pint": (
        "units",
        "import numpy as np, pint\nureg = pint.UnitRegistry()\nQ_ = ureg.Quantity",
        [
            ("(x * ureg.meter + 4 * ureg.centimeter).to('inch').magnitude", 3.0),
            ("(Q_(x, 'kilometer') / Q_(4, 'second')).to_base_units().magnitude", 3.0),
            ("Q_(x, 'degC').to('kelvin').magnitude", 25.4),
            ("np.sqrt(Q_(x, 'm**2')).magnitude", 4.0),
            ("(Q_(x, 'm') ** 2).to('ft**2').magnitude", 2.0),
        ],
    ),
    "uncertainties": (
        "error propagation",
        "from uncertainties import ufloat, umath",
        [
            ("(ufloat(x, 0.01) * 2).nominal_value", 0.2),
            ("umath.sin(ufloat(x, 0.01)).nominal_value", 0.2),
            ("(ufloat(1, x)**2).std_dev", 0.1),
            ("umath.sqrt(ufloat(x, 0.1) + 2).std_dev", 3.0),
        ],
    ),
    "control": (
        "control",
        "import numpy as np, control",
        [
            ("abs(control.tf([1], [1, x, 1])(2j))", 0.5),
            ("control.ss([[0, 1], [x, -0.5]], [[0], [1]], [[1, 0]], 0).A.sum()", -1.0),
            ("control.tf([x], [1, 2, 1]).dcgain()", 3.0),
            ("control.poles(control.tf([1], [1, x, 1])).real.sum()", 3.0),
            ("control.series(control.tf([1], [1, x]), control.tf([1], [1, 2])).dcgain()", 3.0),
        ],
    ),
    "filterpy": (
        "filtering",
        "import numpy as np\nfrom filterpy.kalman import KalmanFilter, predict, update\n"
        "from filterpy.gh import GHFilter\nfrom filterpy.common import Q_discrete_white_noise\n"
        "from filterpy.stats import gaussian, mul\n"
        "def track(q):\n"
        "    f = KalmanFilter(dim_x=2, dim_z=1)\n"
        "    f.x = np.array([2., 0.])\n"
        "    f.F = np.array([[1., 1.], [0., 1.]])\n"
        "    f.H = np.array([[1., 0.]])\n"
        "    f.P *= 1000.; f.R = 5\n"
        "    f.Q = Q_discrete_white_noise(dim=2, dt=0.1, var=q)\n"
        "    for z in (1.0, 2.1, 2.9):\n"
        "        f.predict(); f.update(z)\n"
        "    return f.x\n",
        [
            ("gaussian(x, 2, 3)", 1.3),
            ("mul(x, 2., 3., 4.)", 1.0),
            ("Q_discrete_white_noise(2, dt=x)", 0.1),
            ("gaussian(1.3, x, 3)", 2.0),
            ("track(x)", 0.13),
            ("GHFilter(x=0., dx=0., dt=1., g=.8, h=.2).update(z=x)", 1.2),
        ],
    ),
    "lmfit": (
        "fitting",
        "import numpy as np, lmfit\nfrom lmfit import lineshapes, Parameters\n"
        "def residual(v):\n"
        "    p = Parameters()\n"
        "    p.add('amp', value=v); p.add('decay', value=0.1)\n"
        "    t = np.linspace(0, 5, 7)\n"
        "    return p['amp'] * np.exp(-t * p['decay'])\n",
        [
            ("lineshapes.gaussian(np.linspace(0, 5, 6), amplitude=x, center=2.5, sigma=1.0)", 5.0),
            ("lineshapes.lorentzian(np.linspace(0, 5, 6), 1.0, x, 1.0)", 2.3),
            ("lineshapes.voigt(np.linspace(0, 5, 6), 1.0, 2.3, x)", 1.1),
            ("lineshapes.pearson7(np.linspace(0, 5, 6), 1.0, 2.3, x, 1.5)", 1.1),
            (
                "lmfit.models.GaussianModel().eval(x=np.linspace(0, 5, 6), amplitude=5, center=x, "
                "sigma=1)",
                2.0,
            ),
            ("residual(x)", 10.0),
        ],
    ),
    "chempy": (
        "chemistry",
        "from chempy.kinetics.arrhenius import arrhenius_equation\n"
        "from chempy.kinetics.eyring import eyring_equation\n"
        "from chempy.kinetics.integrated import pseudo_irrev\n"
        "from chempy.electrochemistry.nernst import nernst_potential\n"
        "from chempy.properties.water_density_tanaka_2001 import water_density\n"
        "from chempy.properties.water_viscosity_korson_1969 import water_viscosity\n"
        "from chempy.henry import Henry_H_at_T",
        [
            ("arrhenius_equation(1e10, 40e3, x)", 298.0),
            ("eyring_equation(40e3, 10, x)", 298.0),
            ("nernst_potential(x, 14.1, 1, 310)", 145.0),
            ("water_density(x)", 300.0),
            ("water_viscosity(x)", 300.0),
            ("Henry_H_at_T(x, 1.2e-3, 1500)", 290.0),
            ("pseudo_irrev(1.0, x, 1.0, 0.1, 2.0)", 0.2),
        ],
    ),
    "seawater": (
        "oceanography",
        "import numpy as np, seawater as sw",
        [
            ("sw.dens(35., x, 1000.)", 10.0),
            ("sw.svel(x, 10., 1000.)", 35.0),
            ("sw.cp(35., x, 500.)", 10.0),
            ("sw.ptmp(35., x, 1000., 0)", 10.0),
            ("sw.dist([0., x], [0., 1.])[0]", 10.0),
            ("sw.adtg(35., x, 500.)", 10.0),
        ],
    ),
    "miepython": (
        "light scattering",
        "import numpy as np, miepython",
        [
            ("miepython.efficiencies_mx(x - 0.1j, 2.0)", 1.5),
            ("miepython.efficiencies_mx(1.5 - 0.1j, x)", 2.0),
            ("miepython.efficiencies(x - 0.1j, 100, 300)", 1.5),
        ],
    ),
    "pypolar": (
        "polarization",
        "import numpy as np, pypolar.jones as jones, pypolar.mueller as mueller, "
        "pypolar.fresnel as fresnel",
        [
            ("abs(jones.op_linear_polarizer(x) @ jones.field_linear(0.3))", 0.5),
            ("mueller.op_linear_polarizer(x) @ mueller.stokes_horizontal()", 0.5),
            ("fresnel.R_par(1.5, x)", 0.5),
            ("fresnel.R_per(1.5, x)", 0.5),
            ("fresnel.R_unpolarized(x, 0.5)", 1.5),
            ("mueller.op_retarder(0.3, x) @ mueller.stokes_horizontal()", 0.4),
        ],
    ),
    "transforms3d": (
        "rotations",
        "import numpy as np, transforms3d as t3d",
        [
            ("t3d.euler.euler2mat(x, 2, 3)", 1.0),
            ("t3d.quaternions.axangle2quat([1, 0, 0], x)", 1.57),
            ("t3d.quaternions.quat2mat([x, 0.3, 0.2, 0.1])", 0.9),
            ("t3d.axangles.axangle2mat([1., 2., 3.], x)", 0.4),
            ("t3d.euler.mat2euler(t3d.euler.euler2mat(x, 0.2, 0.3))", 0.1),
            ("t3d.affines.compose([20, 30, 40], t3d.euler.euler2mat(x, 2, 3), [1, 2, 3])", 1.0),
        ],
    ),
    "pyquaternion": (
        "rotations",
        "import numpy as np\nfrom pyquaternion import Quaternion",
        [
            ("Quaternion(axis=[1., 0., 0.], angle=x).rotate(np.array([0., 1., 2.]))", 0.7),
            ("Quaternion(x, 0.4, 0.3, 0.2).norm", 0.9),
            ("(Quaternion(x, 0.4, 0.3, 0.2) * Quaternion(1., 2., 3., 4.)).elements", 0.9),
            ("Quaternion(axis=[1., 0., 0.], angle=x).rotation_matrix", 0.7),
            (
                "Quaternion.slerp(Quaternion(axis=[1., 0., 0.], angle=0.1), "
                "Quaternion(axis=[0., 1., 0.], angle=1.), amount=x).elements",
                0.3,
            ),
        ],
    ),
    "psychrolib": (
        "humid air",
        "import psychrolib\npsychrolib.SetUnitSystem(psychrolib.SI)",
        [
            ("psychrolib.GetTDewPointFromRelHum(x, 0.80)", 25.0),
            ("psychrolib.GetSatVapPres(x)", 20.0),
            ("psychrolib.GetTWetBulbFromRelHum(x, 0.5, 101325)", 25.0),
            ("psychrolib.GetMoistAirEnthalpy(x, 0.01)", 25.0),
            ("psychrolib.CalcPsychrometricsFromRelHum(x, 0.5, 101325)", 25.0),
            ("psychrolib.GetStandardAtmPressure(x)", 1000.0),
        ],
    ),
    "thermofeel": (
        "thermal comfort",
        "import numpy as np, thermofeel as tf",
        [
            ("tf.calculate_relative_humidity_percent(x, 290.)", 300.0),
            ("tf.calculate_saturation_vapour_pressure(x)", 300.0),
            ("tf.calculate_apparent_temperature(x, 3., 60.)", 300.0),
            ("tf.calculate_humidex(x, 290.)", 300.0),
            ("tf.calculate_wind_chill(x, 8.)", 268.0),
        ],
    ),
    "sgp4": (
        "satellites",
        "from sgp4.conveniences import jday_datetime\nfrom sgp4 import ext, functions\n"
        "from sgp4.model import Satrec",
        [
            ("ext.newtonnu(0.1, x)", 0.5),
            ("functions.jday(2019, 12, 9, 12, 0, x)", 30.0),
            (
                "ext.rv2coe([x, 6862.875, 6448.296], [4.901327, 5.533756, -1.976341], "
                "398600.4418)[1]",
                6524.834,
            ),
        ],
    ),
    "astral": (
        "astronomy",
        "from astral import sun, moon, julian",
        [
            ("sun.geom_mean_long_sun(x)", 0.1),
            ("sun.sun_eq_of_center(x)", 0.1),
            ("sun.sun_declination(x)", 0.1),
            ("sun.eq_of_time(x)", 0.1),
            ("sun.hour_angle(x, 10.0, 90.8, sun.SunDirection.RISING)", 51.5),
        ],
    ),
    "windpowerlib": (
        "wind power",
        "import numpy as np, pandas as pd\n"
        "from windpowerlib import wind_speed, density, temperature, power_output, wake_losses",
        [
            ("wind_speed.logarithmic_profile(x, 10., 100., 0.15)", 5.0),
            ("wind_speed.hellman(x, 10., 100., roughness_length=0.15)", 5.0),
            ("density.barometric(x, 10., 100., 290.)", 101325.0),
            ("density.ideal_gas(101325., 10., 100., x)", 290.0),
            ("temperature.linear_gradient(x, 2., 100.)", 290.0),
            (
                "power_output.power_coefficient_curve(np.array([5., 6.]) * x, [4., 8., 12.], "
                "[0.3, 0.4, 0.35], 80., 1.225)",
                1.1,
            ),
        ],
    ),
    "ambiance": (
        "atmosphere",
        "import numpy as np\nfrom ambiance import Atmosphere",
        [
            ("Atmosphere(x).temperature", 5000.0),
            ("Atmosphere(x).pressure", 5000.0),
            ("Atmosphere(x).density", 12000.0),
            ("Atmosphere(x).speed_of_sound", 5000.0),
            ("Atmosphere(x).dynamic_viscosity", 5000.0),
        ],
    ),
    "periodictable": (
        "chemistry, neutrons",
        "import numpy as np, periodictable as pt\nfrom periodictable import nsf, xsf",
        [
            ("pt.nsf.neutron_scattering('SiO2', density=x)[0]", 2.2),
            ("nsf.neutron_energy(x)", 4.75),
            ("nsf.neutron_wavelength(x)", 25.0),
            ("pt.formula('CaCO3').mass * x", 2.0),
            ("pt.xsf.xray_wavelength(x)", 8.0),
        ],
    ),
    "pvlib": (
        "photovoltaics",
        "import numpy as np, pandas as pd, pvlib",
        [
            ("pvlib.irradiance.aoi(x, 180, 40, 170)", 20.0),
            ("pvlib.atmosphere.get_relative_airmass(x)", 60.0),
            ("pvlib.temperature.pvsyst_cell(1000, x)", 25.0),
            ("pvlib.iam.physical(x)", 45.0),
            ("pvlib.irradiance.isotropic(x, 100.)", 20.0),
            ("pvlib.atmosphere.alt2pres(x)", 1000.0),
            ("pvlib.pvsystem.pvwatts_dc(x, 30., 100., -0.003)", 900.0),
            ("pvlib.pvsystem.i_from_v(x, 7., 1e-9, 0.3, 300., 1.5)", 20.0),
            ("pvlib.clearsky.haurwitz(pd.Series([30., 50.]) * 1.0)['ghi'].sum() * x", 1.1),
            ("pvlib.irradiance.haydavies(x, 180, 100., 600., 1400., 40., 170.)", 20.0),
        ],
    ),
    "PyAstronomy": (
        "astronomy",
        "import numpy as np\nfrom PyAstronomy import pyasl",
        [
            ("pyasl.planck(x, 5000e-10)", 5778.0),
            ("pyasl.foldAt(np.array([1.1, 2.2]), x)", 0.7),
            ("pyasl.KeplerEllipse(1.0, 1.0, e=x, Omega=0., i=90.0).xyzPos(0.3)", 0.3),
            ("pyasl.MarkleyKESolver().getE(x, 0.3)", 0.7),
            ("pyasl.airmassPP(x)", 40.0),
            ("pyasl.transitDuration(0.02, x, 1.0, 88., 3.)", 0.1),
        ],
    ),
    "nashpy": (
        "game theory",
        "import numpy as np, nashpy as nash",
        [
            (
                "nash.Game(np.array([[x, 2.], [3., 1.]]))[np.array([.2, .8]), np.array([.4, .6])]",
                1.5,
            ),
            ("nash.Game(np.array([[x, 2.], [3., 1.]])).linear_program()[0]", 1.5),
        ],
    ),
}


def function_of(imports: str, expression: str) -> Any:
    """The function x ↦ expression, as of a module that imports these."""
    names: dict[str, Any] = {"__name__": "users"}
    exec(compile(f"{imports}\ndef f(x):\n    return {expression}\n", "<call>", "exec"), names)
    return names["f"]


def numbers(y: Any) -> np.ndarray[Any, Any]:
    """All numbers of a result, in one array."""
    if isinstance(y, dict):
        y = list(y.values())
    if isinstance(y, (tuple, list)):
        parts = [numbers(v) for v in y if v is not None]
        return np.concatenate(parts) if parts else np.empty(0)
    return np.atleast_1d(np.asarray(y)).astype(complex).ravel()


def difference(f: Any, x: float) -> tuple[Any, Any]:
    """The derivative by central differences, extrapolated; and how far two of them are apart."""
    best, apart = None, None
    for size in (2e-2, 5e-3, 1e-3, 2e-4):
        table: list[list[Any]] = []
        for k in range(5):
            h = size * max(abs(x), 1e-3) / 2**k
            above, below = numbers(f(x + h)), numbers(f(x - h))
            noise = 1e-15 * np.max(abs(above), initial=0) / h
            row = [(above - below) / ((x + h) - (x - h))]
            for j, earlier in enumerate(table[-1] if table else [], 1):
                row.append(row[-1] + (row[-1] - earlier) / (4**j - 1))
            for a, b in zip(row, table[-1] if table else [], strict=False):
                error = np.max(abs(a - b), initial=0) + noise
                if apart is None or error < apart:
                    best, apart = a, error
            table.append(row)
    return best, apart


def is_ours(error: BaseException) -> bool:
    """Whether an error is of dualad, or has its word on it."""
    frames = traceback.extract_tb(error.__traceback__)
    here = os.path.dirname(dualad.__file__)
    said = str(error) + "".join(getattr(error, "__notes__", []))
    return (bool(frames) and frames[-1].filename.startswith(here)) or any(
        word in said for word in ("dual", "derivative", "differentiat")
    )


def verdict(imports: str, call: Call) -> tuple[str, str]:
    """What becomes of a call, and what was said or got."""
    f = function_of(imports, call[0])
    x = call[1]
    plain = f(x)
    right, apart = difference(f, x)
    try:
        value, slope = dualad.jvp(f, (x,), (1.0,))
    except Exception as error:
        kind = "refused" if is_ours(error) else "obscure"
        if COMPILED in call and kind == "refused":
            kind = COMPILED
        return kind, f"{type(error).__name__}: {error}"
    same = np.array_equal(numbers(plain), numbers(value), equal_nan=True)
    got = numbers(slope)
    size = np.max(abs(right), initial=0)
    near = max(20 * apart, 1e-7 * size)
    if got.shape == right.shape and bool(np.all(abs(got - right) <= near)):
        return ("right", "") if same else ("wrong", f"value {value!r}, plain {plain!r}")
    return "wrong", f"slope {slope!r}, differences {right!r} ± {apart:.1e}"


PAGE = """# Public packages, as they are

Functions of public packages, in calls as their own documentation writes them, in which one real
number is x. Each is differentiated in x as it is, with all settings at their defaults, and held
against extrapolated differences of the plain function. Made by `python -m benchmarks.packages
--write docs/packages.md`, with Python {python}, NumPy {numpy} and dualad {dualad}.

- **right**: the value is that of the plain run, bit for bit; the derivative, that of differences;
- **refused**: an error of dualad, or a note of it on another error, says why and what helps;
- **compiled**: the same, where x goes into compiled code, by the package's own documentation;
- **obscure**: another error; **wrong**: another value, or another derivative.

{table}

## What is not right

{remarks}
"""


def page(table: list[str], remarks: list[tuple[str, str, str, str]]) -> str:
    """The page in the documentation."""
    lines = []
    for name, call, kind, said in remarks:
        short = textwrap.shorten(said.partition("\n")[0], 200, placeholder=" …")
        lines.append(f"- {name}, `{call}`: {kind}: {short}")
    return PAGE.format(
        python=sys.version.partition(" ")[0],
        numpy=version("numpy"),
        dualad=dualad.__version__,
        table="\n".join(table),
        remarks="\n".join(lines) or "Nothing.",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("packages", nargs="*", help="of these only")
    parser.add_argument("--names", action="store_true", help="list the packages, and no more")
    parser.add_argument("--write", metavar="FILE", help="write the table in Markdown")
    options = parser.parse_args()
    if options.names:
        print("\n".join(PACKAGES))
        return
    warnings.simplefilter("ignore")
    rows, totals = [], dict.fromkeys(("right", "refused", COMPILED, "obscure", "wrong"), 0)
    remarks = []
    for name in options.packages or PACKAGES:
        field, imports, calls = PACKAGES[name]
        counts = dict.fromkeys(totals, 0)
        for call in calls:
            try:
                kind, said = verdict(imports, call)
            except Exception as error:
                print(f"{name}: {call[0]} does not run plainly: {error!r}", file=sys.stderr)
                continue
            counts[kind] += 1
            if kind != "right":
                remarks.append((name, call[0], kind, said))
                print(f"{name}: {call[0]}: {kind}: {said[:300]}", file=sys.stderr)
        for kind, count in counts.items():
            totals[kind] += count
        cells = " | ".join(str(count or "") for count in counts.values())
        rows.append(f"| {name} {version(name)} | {field} | {sum(counts.values())} | {cells} |")
    head = ["package", "field", "calls", *totals]
    cells = " | ".join(str(count) for count in totals.values())
    table = [
        "| " + " | ".join(head) + " |",
        "|---|---|" + "--:|" * (len(head) - 2),
        *rows,
        f"| **{len(rows)} packages** | | {sum(totals.values())} | {cells} |",
    ]
    print("\n".join(table))
    if options.write:
        with open(options.write, "w", encoding="utf-8") as file:
            file.write(page(table, remarks))


if __name__ == "__main__":
    main()
