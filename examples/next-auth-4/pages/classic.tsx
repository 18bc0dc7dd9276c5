import type { GetServerSideProps } from 'next'
import { getServerSession } from 'next-auth'
import { authOptions } from '../auth'

/** A page of the Pages Router. */
export const getServerSideProps: GetServerSideProps<{ name: string }> = async ({ req, res }) => {
  const session = await getServerSession(req, res, authOptions)
  return { props: { name: session?.user?.name ?? '' } }
}

export default function Classic({ name }: { name: string }) {
  return <h1>{name ? `Classic jobs of ${name}` : 'Nobody is signed in'}</h1>
}
