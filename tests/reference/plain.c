/*
 * A dense network as one writes it in C: weights row by row, `w[o][i]`, plain loops, no library but libm.
 *
 *     cc -O3 -ffp-contract=off plain.c -lm -o plain && ./plain FILE
 *
 * FILE holds the network and its samples, 32-bit words, little-endian as the machine is:
 *
 *     layers, loss (0 mean squared error, 1 softmax cross-entropy), samples, targets a sample
 *     inputs, outputs, activation (0 identity, 1 ReLU, 2 tanh), biases (0 or 1)     for each layer
 *     step size
 *     weights w[o][i], then biases                                                  for each layer
 *     inputs, then targets                                                          for each sample
 *
 * Each number N on standard input trains anew from those weights, N steps with a batch of one over the samples
 * in turn; the answer is one line, the time of a step in nanoseconds and the loss of the last one. At the end of
 * the input, all parameters follow, one a line.
 */
#define _POSIX_C_SOURCE 199309L
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum activation { IDENTITY, RELU, TANH };
enum loss { MSE, SOFTMAX };

struct layer {
	size_t inputs, outputs;
	enum activation activation;
	float *w, *b; /* b is null without biases */
	float *y, *delta;
};

static struct layer *layers;
static size_t layer_count, param_count, sample_count, input_count, target_count;
static enum loss loss;
static float step_size;
static float *params, *samples;

static void fail(const char *why)
{
	fprintf(stderr, "plain: %s\n", why);
	exit(1);
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);
	if (!memory)
		fail("no memory");
	return memory;
}

static void read_all(void *into, size_t size, FILE *file)
{
	if (size && fread(into, size, 1, file) != 1)
		fail("the file is too short");
}

static uint32_t read_count(FILE *file)
{
	uint32_t count;
	read_all(&count, sizeof count, file);
	return count;
}

static float *load(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		fail("the file does not open");
	layer_count = read_count(file);
	loss = read_count(file);
	sample_count = read_count(file);
	target_count = read_count(file);
	layers = allocate(layer_count, sizeof *layers);
	for (size_t l = 0; l < layer_count; l++) {
		struct layer *layer = &layers[l];
		layer->inputs = read_count(file);
		layer->outputs = read_count(file);
		layer->activation = read_count(file);
		size_t biases = read_count(file) ? layer->outputs : 0;
		layer->y = allocate(layer->outputs, sizeof(float));
		layer->delta = allocate(layer->outputs, sizeof(float));
		layer->b = biases ? allocate(biases, sizeof(float)) : NULL; /* a place for now */
		param_count += layer->inputs * layer->outputs + biases;
	}
	input_count = layers[0].inputs;
	read_all(&step_size, sizeof step_size, file);
	params = allocate(param_count, sizeof(float));
	float *place = params;
	for (size_t l = 0; l < layer_count; l++) {
		struct layer *layer = &layers[l];
		layer->w = place;
		place += layer->inputs * layer->outputs;
		if (layer->b) {
			free(layer->b);
			layer->b = place;
			place += layer->outputs;
		}
	}
	float *initial = allocate(param_count, sizeof(float));
	read_all(initial, param_count * sizeof(float), file);
	size_t numbers = sample_count * (input_count + target_count);
	samples = allocate(numbers, sizeof(float));
	read_all(samples, numbers * sizeof(float), file);
	fclose(file);
	return initial;
}

/* y = f(b + w x) */
static void forward(const struct layer *layer, const float *restrict x, float *restrict y)
{
	size_t inputs = layer->inputs, outputs = layer->outputs;
	const float *restrict w = layer->w;
	for (size_t o = 0; o < outputs; o++) {
		float z = layer->b ? layer->b[o] : 0.0f;
		for (size_t i = 0; i < inputs; i++)
			z += w[o * inputs + i] * x[i];
		switch (layer->activation) {
		case IDENTITY: y[o] = z; break;
		case RELU: y[o] = z < 0.0f ? 0.0f : z; break;
		case TANH: y[o] = tanhf(z); break;
		}
	}
}

/* dL/dy to dL/dz */
static void through_activation(const struct layer *layer)
{
	for (size_t o = 0; o < layer->outputs; o++) {
		float y = layer->y[o];
		switch (layer->activation) {
		case IDENTITY: break;
		case RELU: layer->delta[o] = y > 0.0f ? layer->delta[o] : 0.0f; break;
		case TANH: layer->delta[o] *= 1.0f - y * y; break;
		}
	}
}

/* dx = w^T delta */
static void backward(const struct layer *layer, float *restrict dx)
{
	size_t inputs = layer->inputs, outputs = layer->outputs;
	const float *restrict w = layer->w;
	memset(dx, 0, inputs * sizeof(float));
	for (size_t o = 0; o < outputs; o++) {
		float delta = layer->delta[o];
		for (size_t i = 0; i < inputs; i++)
			dx[i] += w[o * inputs + i] * delta;
	}
}

/* w <- w - eta delta x, b <- b - eta delta */
static void update(const struct layer *layer, const float *restrict x)
{
	size_t inputs = layer->inputs, outputs = layer->outputs;
	float *restrict w = layer->w;
	for (size_t o = 0; o < outputs; o++) {
		float eta_delta = step_size * layer->delta[o];
		for (size_t i = 0; i < inputs; i++)
			w[o * inputs + i] -= eta_delta * x[i];
		if (layer->b)
			layer->b[o] -= eta_delta;
	}
}

static float mean_squared_error(const struct layer *last, const float *target)
{
	float sum = 0.0f, n = (float)last->outputs;
	for (size_t o = 0; o < last->outputs; o++) {
		float error = last->y[o] - target[o];
		last->delta[o] = error * (2.0f / n);
		sum += error * error;
	}
	return sum / n;
}

static float softmax_cross_entropy(const struct layer *last, const float *target)
{
	size_t class = (size_t)target[0];
	float largest = last->y[0], sum = 0.0f;
	for (size_t o = 1; o < last->outputs; o++)
		if (last->y[o] > largest)
			largest = last->y[o];
	for (size_t o = 0; o < last->outputs; o++) {
		last->delta[o] = expf(last->y[o] - largest);
		sum += last->delta[o];
	}
	for (size_t o = 0; o < last->outputs; o++)
		last->delta[o] = last->delta[o] / sum - (o == class ? 1.0f : 0.0f);
	return largest - last->y[class] + logf(sum);
}

/* One update from one sample; the loss from before it. */
static float step(const float *sample)
{
	const float *x = sample, *target = sample + input_count;
	for (size_t l = 0; l < layer_count; l++) {
		forward(&layers[l], x, layers[l].y);
		x = layers[l].y;
	}
	const struct layer *last = &layers[layer_count - 1];
	float value = loss == MSE ? mean_squared_error(last, target) : softmax_cross_entropy(last, target);
	for (size_t l = layer_count; l-- > 0;) {
		through_activation(&layers[l]);
		if (l > 0)
			backward(&layers[l], layers[l - 1].delta);
		update(&layers[l], l > 0 ? layers[l - 1].y : sample);
	}
	return value;
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int count, char **arguments)
{
	if (count != 2)
		fail("usage: plain FILE");
	const float *initial = load(arguments[1]);
	unsigned long steps;
	while (scanf("%lu", &steps) == 1) {
		memcpy(params, initial, param_count * sizeof(float));
		float value = 0.0f;
		size_t row = 0;
		double start = now();
		for (unsigned long k = 0; k < steps; k++) {
			value = step(samples + row * (input_count + target_count));
			if (++row == sample_count)
				row = 0;
		}
		printf("%.3f %.9g\n", (now() - start) / (double)steps, (double)value);
		fflush(stdout);
	}
	for (size_t k = 0; k < param_count; k++)
		printf("%.9g\n", (double)params[k]);
	return 0;
}
