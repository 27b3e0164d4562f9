/*
 * The network 3-5-4-4-3-2, written by tamis: arithmetic version 2, digest of the parameters 78bce394.
 *
 * tamis_predict() gives the bits that the kernel of Tamis gives. Compile with -ffp-contract=off, since a fused
 * multiply-add rounds otherwise, without -ffast-math, and where FLT_EVAL_METHOD is 0 (not for the x87).
 */
#ifndef TAMIS_MODEL_H
#define TAMIS_MODEL_H

#include <stdint.h>
#include <string.h>

#define TAMIS_INPUTS 3
#define TAMIS_OUTPUTS 2
#define TAMIS_WIDEST 5
#define TAMIS_PARAMS 83

/* Columns of the table, and their words, if they have words: the raw number is then 1 for the word and 0 for others. */
static const char *const tamis_input_names[TAMIS_INPUTS] = {
	"temperature",
	"site \"B\" */=no\\rth\012",
	"Luftdruck \302\260",
};
static const char *const tamis_output_names[TAMIS_OUTPUTS] = {
	"y",
	"y2",
};

/* An input is cut to its range, then less its mean, by its deviation. */
static const float tamis_input_ranges[TAMIS_INPUTS][2] = {
	{ -0x1.cp0f, 0x1.266666p1f },
	{ -0x1.fffffep127f, 0x1.fffffep127f },
	{ -0x1.2p2f, 0x1.3p2f },
};
static const float tamis_input_scales[TAMIS_INPUTS][2] = {
	{ 0x1p-3f, 0x1.a09d4ap-1f },
	{ 0x1.41b2e6p-2f, 0x1.db44e6p-2f },
	{ -0x1.47ae14p-7f, 0x1.4cccccp0f },
};

/* An output is taken times its deviation, plus its mean. */
static const float tamis_output_scales[TAMIS_OUTPUTS][2] = {
	{ 0x1.89999ap3f, 0x1.2456d6p2f },
	{ -0x1.06f694p-5f, 0x1.9f7f8cp-9f },
};

/* Layer by layer the weights, input-major, then the biases. */
static const float tamis_params[TAMIS_PARAMS] = {
	-0x1.5c7834p-1f, -0x1.53666ep-1f, 0x1.8bcb64p-2f, 0.0f, -0x1.5313f4p-4f, -0x1.4d73b6p0f,
	0x1.45736cp-1f, -0.0f, 0x1.90ee78p-1f, -0x1.2a137cp-2f, 0x1.d6d4bcp-3f, 0x0.0000f6p-126f,
	-0x1.b480fap-2f, 0x1.57aab8p-4f, -0x1.73a27ep-1f, -0x1.6b2c76p-3f, 0x1.64a83p-2f, 0x1.d746fcp-6f,
	-0x1.a42298p-3f, 0x1.18409p0f, 0x1.aa3d56p-6f, -0x1.0cbdcp-2f, 0x1.244a6cp-4f, -0x1.ded44ep-3f,
	-0x1.60b6d6p-3f, -0x1.40c0c2p-3f, 0x1.cfbac8p-1f, 0x1.4afbf6p-7f, 0x1.4197b8p-4f, 0x1.34bf8cp-2f,
	0x1.cdcfbep-1f, -0x1.99babep-4f, -0x1.1db3aep-2f, 0x1.1b5022p0f, -0x1.4e378ep-1f, -0x1.504e28p-3f,
	0x1.31659ap-2f, 0x1.05717cp0f, -0x1.b3014ap-2f, -0x1.15f1cap0f, 0x1.52c2cep-2f, -0x1.0b161ap-2f,
	-0x1.8cc56cp-3f, 0x1.d860cep-3f, 0x1.ca17f8p-4f, 0x1.29fd64p-3f, -0x1.b979d2p-3f, 0x1.4a1038p-1f,
	0x1.81469ap-1f, 0x1.061c44p-6f, -0x1.cec136p-3f, 0x1.7778p-2f, 0x1.e942e4p-3f, -0x1.0a57b4p-1f,
	-0x1.d746f8p-3f, 0x1.0c9596p-1f, -0x1.8a508ep-5f, -0x1.50b22p-3f, 0x1.b31dc6p-4f, -0x1.128beep-6f,
	-0x1.45e62ep-10f, -0x1.ee3a22p-1f, 0x1.bfd2eep-1f, 0x1.98753ap-4f, -0x1.c0d48p-2f, 0x1.f5861p-2f,
	0x1.3c46e4p-3f, 0x1.20f76ap-7f, 0x1.0c4a4ep-1f, 0x1.2166aap0f, 0x1.1b729ep-2f, 0x1.95c8e8p-1f,
	0x1.1422a2p0f, -0x1.055758p-1f, -0x1.0bde54p-2f, 0x1.caf50ep-2f, -0x1.f8e3dcp-1f, -0x1.3bfd5p-3f,
	0x1.7e2ea6p-1f, 0x1.345f1cp-1f, 0x1.569aaap-2f, -0x1.e53054p-1f, 0x1.2cea34p0f,
};

/* z = b + w^T x, w input-major; a sum starts at the bias, else at 0, and adds inputs in ascending order. */
static inline void tamis_dense(int inputs, int outputs, const float *w, const float *b, const float *x, float *z)
{
	int i, o;

	for (o = 0; o < outputs; o++)
		z[o] = b ? b[o] : 0.0f;
	for (i = 0; i < inputs; i++)
		for (o = 0; o < outputs; o++)
			z[o] += w[i * outputs + o] * x[i];
}

static inline float tamis_relu(float z)
{
	return z < 0.0f ? 0.0f : z;
}

static inline float tamis_leaky_relu(float z)
{
	return z < 0.0f ? z * 0.01f : z;
}

/* The kernel's own tanh and 1 / (1 + e^-x), not those of <math.h>, whose last bits differ from library to library. */

/* tanh x for |x| < 5/8. */
static inline float tamis_tanh_near(float x)
{
	const float z = x * x, z2 = z * z;
	const float low = -0.3333328f * z + 0.1333141f * z2;
	const float high = (-0.053736668f + 0.020627812f * z) + -0.005690914f * z2;

	return x + x * (low + z * z2 * high);
}

/* 1 / (1 + e^y) for y >= 5/4: e^y = 2^n (1 + p), and the low bits of the sum that rounds y / ln 2 are n. */
static inline float tamis_tail(float y)
{
	const float round = 12582912.0f - 32.0f, down = 1.0f / 4294967296.0f;
	float sum, n, high, low, r, r2, e, p, s;
	uint32_t bits;

	if (y > 104.0f)
		y = 104.0f;
	sum = y * 1.44269504f + round;
	n = sum - round;
	high = y - n * (355.0f / 512.0f);
	low = n * 2.1219444e-4f;
	r = high + low;
	r2 = r * r;
	e = (0.4999999f + 0.16666505f * r) + r2 * ((0.041668132f + 0.008369661f * r) + r2 * 0.0013843854f);
	p = high + (low + r2 * e);
	memcpy(&bits, &sum, sizeof bits);
	bits = (bits << 23) + 0x3F800000u;
	memcpy(&s, &bits, sizeof s);
	return down / (s + (down + s * p));
}

static inline float tamis_tanh(float x)
{
	const float a = x < 0.0f ? 0.0f - x : x;
	float y;

	if (a < 0.625f)
		return tamis_tanh_near(x);
	y = 1.0f - 2.0f * tamis_tail(2.0f * a);
	return x < 0.0f ? -y : y;
}

static inline float tamis_sigmoid(float x)
{
	const float a = x < 0.0f ? 0.0f - x : x;
	float y;

	if (a < 1.25f)
		return 0.5f + 0.5f * tamis_tanh_near(0.5f * x);
	y = tamis_tail(a);
	return x < 0.0f ? y : 1.0f - y;
}

/* From raw numbers to raw numbers. */
static inline void tamis_predict(const float x[TAMIS_INPUTS], float y[TAMIS_OUTPUTS])
{
	float a[TAMIS_WIDEST], b[TAMIS_WIDEST];
	int i;

	for (i = 0; i < TAMIS_INPUTS; i++) {
		float cut = x[i] < tamis_input_ranges[i][0] ? tamis_input_ranges[i][0] : x[i];

		cut = cut > tamis_input_ranges[i][1] ? tamis_input_ranges[i][1] : cut;
		a[i] = (cut - tamis_input_scales[i][0]) / tamis_input_scales[i][1];
	}
	tamis_dense(3, 5, tamis_params + 0, tamis_params + 15, a, b);
	for (i = 0; i < 5; i++)
		b[i] = tamis_tanh(b[i]);
	tamis_dense(5, 4, tamis_params + 20, 0, b, a);
	for (i = 0; i < 4; i++)
		a[i] = tamis_leaky_relu(a[i]);
	tamis_dense(4, 4, tamis_params + 40, tamis_params + 56, a, b);
	for (i = 0; i < 4; i++)
		b[i] = tamis_sigmoid(b[i]);
	tamis_dense(4, 3, tamis_params + 60, tamis_params + 72, b, a);
	for (i = 0; i < 3; i++)
		a[i] = tamis_relu(a[i]);
	tamis_dense(3, 2, tamis_params + 75, tamis_params + 81, a, b);
	for (i = 0; i < TAMIS_OUTPUTS; i++)
		y[i] = b[i] * tamis_output_scales[i][1] + tamis_output_scales[i][0];
}

#endif
