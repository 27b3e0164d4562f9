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
